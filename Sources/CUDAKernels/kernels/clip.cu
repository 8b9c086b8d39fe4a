// Limits the norm of a flat gradient, in place.
//
//   g = g · min(1, limit / (norm + 1e-6))
//
//   g      [count]   float32
//   norm   [1]       float32, of `norm`: the host never waits for it
//
// CPU twin: ComputeCPU/Optimizers.swift, `clip`.
#include "common.cuh"

// One thread per element: gridDim = ⌈count / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    clip(float *__restrict__ g, const float *__restrict__ norm, float limit, u64 count) {
  const float factor = limit / (*norm + 1e-6f);
  if (factor >= 1.0f) return;  // not so where the norm is NaN: the gradient is to show it
  const u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) g[i] *= factor;
}
