#define ELEMENT float
#define ELEMENT_NAME "float"
#include "kernels.hpp"
