#define ELEMENT bf16
#define ELEMENT_NAME "bf16"
#define HAS_TENSOR_CORES 1
#include "attention.hpp"
