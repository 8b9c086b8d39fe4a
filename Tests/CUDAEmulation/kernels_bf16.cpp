#define ELEMENT bf16
#define ELEMENT_NAME "bf16"
#include "kernels.hpp"
