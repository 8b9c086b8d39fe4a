// CProcessor: what the processor can do, as it says itself.
//
// /proc/cpuinfo says it too, but not in every sandbox, and under an emulator it speaks of another
// processor.
#ifndef LORA_CPROCESSOR_H
#define LORA_CPROCESSOR_H

// Whether the processor, and the system's switching of its registers, have AVX2 and FMA. Both are 1
// where the architecture has no such names.
int lora_processor_has_avx2(void);
int lora_processor_has_fma(void);

#endif
