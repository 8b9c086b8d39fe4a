#define ELEMENT float
#define ELEMENT_NAME "float"
#include "attention.hpp"
