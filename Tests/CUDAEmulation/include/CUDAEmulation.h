// CUDAEmulation: the kernels' own text, compiled for the CPU and run as a device would run it.
//
// `grid` blocks one after another, each of `block` threads. A call returns 0, or 1 where threads of
// a block do not meet. Pointers and counts are those of the kernels.
#ifndef LORA_CUDA_EMULATION_H
#define LORA_CUDA_EMULATION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

int lora_emulate_adamw_f32(unsigned grid, unsigned block, float *p, float *m, float *v,
                           const float *g, const float *rates, uint64_t count);
int lora_emulate_clip_f32(unsigned grid, unsigned block, float *g, const float *norm, float limit,
                          uint64_t count);
int lora_emulate_norm_partials_f32(unsigned grid, unsigned block, float *partials, const float *g,
                                   uint64_t count);
int lora_emulate_norm_f32(unsigned grid, unsigned block, float *norm, const float *partials,
                          uint64_t count);
int lora_emulate_fill_with_normals_f32(unsigned grid, unsigned block, float *x,
                                       const uint64_t *draw, uint64_t count);
int lora_emulate_fill_with_normals_f16(unsigned grid, unsigned block, uint16_t *x,
                                       const uint64_t *draw, uint64_t count);
int lora_emulate_fill_with_normals_bf16(unsigned grid, unsigned block, uint16_t *x,
                                        const uint64_t *draw, uint64_t count);

// A kernel half of whose threads go on without the others: what the emulation must notice.
int lora_emulate_parting_threads(void);

#ifdef __cplusplus
}
#endif

#endif
