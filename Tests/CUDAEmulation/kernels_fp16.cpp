#define ELEMENT fp16
#define ELEMENT_NAME "fp16"
#include "kernels.hpp"
