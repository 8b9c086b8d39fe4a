// Each function of CCUDA's tables is here, with the same parameters and result: else this does not
// compile or link.
#include "CCUDA.h"

#define DECLARE_DRIVER(name, parameters) extern "C" CUresult name parameters;
#define DECLARE(result, name, parameters) extern "C" result name parameters;
LORA_DRIVER_FUNCTIONS(DECLARE_DRIVER)
LORA_NVRTC_FUNCTIONS(DECLARE)
LORA_CUBLASLT_FUNCTIONS(DECLARE)
LORA_CUDNN_FUNCTIONS(DECLARE)

#define ADDRESS_DRIVER(name, parameters) reinterpret_cast<const void *>(&name),
#define ADDRESS(result, name, parameters) reinterpret_cast<const void *>(&name),
extern "C" const void *const stand_in_functions[] = {
    LORA_DRIVER_FUNCTIONS(ADDRESS_DRIVER) LORA_NVRTC_FUNCTIONS(ADDRESS)
        LORA_CUBLASLT_FUNCTIONS(ADDRESS) LORA_CUDNN_FUNCTIONS(ADDRESS)};
