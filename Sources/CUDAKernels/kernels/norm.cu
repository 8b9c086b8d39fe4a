// The Euclidean norm of a flat gradient.
//
//   norm = √Σ g²
//
//   g         [count]             float32
//   partials  [⌈count / 4096⌉]    float32: what the first kernel tells the second
//   norm      [1]                 float32
//
// Sums of 4096 elements in float32, their sum in float64, always in the same order: the same
// gradient gives the same bits on every run, where atomic additions would not.
//
// CPU twin: ComputeCPU/Optimizers.swift, `norm(of:into:)`.
#include "common.cuh"

constexpr int piece = 4096;

// One block per piece: gridDim = ⌈count / 4096⌉.
KERNEL void __launch_bounds__(256)
    norm_partials(float *__restrict__ partials, const float *__restrict__ g, u64 count) {
  const u64 start = u64(blockIdx.x) * piece;
  const u64 end = start + piece < count ? start + piece : count;
  float sum = 0.0f;
  for (u64 i = start + threadIdx.x; i < end; i += blockDim.x) sum += g[i] * g[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

// One block. `count` is the number of partials.
KERNEL void __launch_bounds__(256)
    norm_of_partials(float *__restrict__ norm, const float *__restrict__ partials, u64 count) {
  double sum = 0.0;
  for (u64 i = threadIdx.x; i < count; i += blockDim.x) sum += partials[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *norm = float(sqrt(sum));
}
