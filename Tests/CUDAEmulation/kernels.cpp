#include "cuda_words.hpp"

// The files as they are, each in a room of its own: names in them may be the same.
namespace kernels {
#include "adamw.cu"
#include "clip.cu"
#include "fill_with_normals.cu"
#include "norm.cu"
}  // namespace kernels

#include "CUDAEmulation.h"

thread_local uint3 gridDim, blockDim, blockIdx;

template <typename... Parameters, typename... Arguments>
static int launch(unsigned grid, unsigned block, void (*kernel)(Parameters...),
                  Arguments... arguments) {
  gridDim = {grid, 1, 1};
  blockDim = {block, 1, 1};
  for (unsigned index = 0; index < grid; index++) {
    blockIdx = {index, 0, 0};
    if (!emulation::Block(block).run([&] { kernel((Parameters)arguments...); })) return 1;
  }
  return 0;
}

int lora_emulate_adamw_f32(unsigned grid, unsigned block, float *p, float *m, float *v,
                           const float *g, const float *rates, uint64_t count) {
  return launch(grid, block, kernels::adamw_f32, p, m, v, g, rates, count);
}

int lora_emulate_clip_f32(unsigned grid, unsigned block, float *g, const float *norm, float limit,
                          uint64_t count) {
  return launch(grid, block, kernels::clip_f32, g, norm, limit, count);
}

int lora_emulate_norm_partials_f32(unsigned grid, unsigned block, float *partials, const float *g,
                                   uint64_t count) {
  return launch(grid, block, kernels::norm_partials_f32, partials, g, count);
}

int lora_emulate_norm_f32(unsigned grid, unsigned block, float *norm, const float *partials,
                          uint64_t count) {
  return launch(grid, block, kernels::norm_f32, norm, partials, count);
}

int lora_emulate_fill_with_normals_f32(unsigned grid, unsigned block, float *x,
                                       const uint64_t *draw, uint64_t count) {
  return launch(grid, block, kernels::fill_with_normals_f32, x, draw, count);
}

int lora_emulate_fill_with_normals_f16(unsigned grid, unsigned block, uint16_t *x,
                                       const uint64_t *draw, uint64_t count) {
  return launch(grid, block, kernels::fill_with_normals_f16, x, draw, count);
}

int lora_emulate_fill_with_normals_bf16(unsigned grid, unsigned block, uint16_t *x,
                                        const uint64_t *draw, uint64_t count) {
  return launch(grid, block, kernels::fill_with_normals_bf16, x, draw, count);
}

static void parting_threads() {
  if (threadIdx.x < 16) __syncthreads();
}

int lora_emulate_parting_threads(void) { return launch(1, 32, parting_threads); }
