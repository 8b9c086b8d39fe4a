#include "CProcessor.h"

#ifdef __x86_64__
int lora_processor_has_avx2(void) { return __builtin_cpu_supports("avx2") != 0; }
int lora_processor_has_fma(void) { return __builtin_cpu_supports("fma") != 0; }
#else
int lora_processor_has_avx2(void) { return 1; }
int lora_processor_has_fma(void) { return 1; }
#endif
