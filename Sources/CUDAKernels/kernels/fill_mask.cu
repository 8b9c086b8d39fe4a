// The mask of a low-rank branch, of the dropouts of its module, its ranks and its elements.
//
//   mask[b, t, r] = module · rank[b, r] · network[b, t, r]
//
//   mask   [samples, tokens, width]   float32
//   step   [1]                        int32: the number of the step, from which is drawn
//
// A step has 2³² blocks of the module's stream; word 0 decides on the module, the next
// samples · width words on ranks, the others on elements. They are the CPU's, bit by bit.
//
// CPU twin: ComputeCPU/DropoutMask.swift.
#include "common.cuh"

/// 0 with the given probability, otherwise `kept`.
__device__ inline float drawn(u64 seed, u64 stream, u64 start, u64 number, float probability,
                              float kept) {
  if (probability <= 0.0f) return 1.0f;
  const uint4 block = philox_words(seed, stream, start + number / 4);
  const u32 words[4] = {block.x, block.y, block.z, block.w};
  return float(words[number % 4] >> 8) * 0x1p-24f < probability ? 0.0f : kept;
}

// One thread per element: gridDim = ⌈count / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    fill_mask(float *__restrict__ mask, const int *__restrict__ step, u64 seed, u64 stream,
              float module, float rank, float network, u32 samples, u32 tokens, u32 width) {
  const u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x, ranks = u64(samples) * width;
  if (i >= ranks * tokens) return;
  const u64 sample = i / (u64(tokens) * width), column = i % width, start = u64(*step) << 32;
  float factor = drawn(seed, stream, start, 0, module, 1.0f);
  factor *= drawn(seed, stream, start, 1 + sample * width + column, rank, 1.0f / (1.0f - rank));
  factor *= drawn(seed, stream, start, 1 + ranks + i, network, 1.0f / (1.0f - network));
  mask[i] = factor;
}
