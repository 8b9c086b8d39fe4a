#define ELEMENT fp16
#define ELEMENT_NAME "fp16"
#define HAS_TENSOR_CORES 1
#include "attention.hpp"
