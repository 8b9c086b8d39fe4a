// Lion on flat parameters, in place.
//
//   p = p·(1 − η·λ) − η·sign(β₁·m + (1 − β₁)·g)
//   m = β₂·m + (1 − β₂)·g
//
//   p, m, g   [count]   float32
//   rates     [4]       η, λ, β₁, β₂
//
// Source: Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023).
// CPU twin: ComputeCPU/Optimizers.swift, `lion`.
#include "common.cuh"

// One thread per element: gridDim = ⌈count / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    lion(float *__restrict__ p, float *__restrict__ m, const float *__restrict__ g,
         const float *__restrict__ rates, u64 count) {
  const u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;

  const float rate = rates[0], beta1 = rates[2], beta2 = rates[3];
  const float gradient = g[i], moment = m[i];
  const float direction = moment * beta1 + gradient * (1.0f - beta1);
  const float sign = direction > 0.0f ? 1.0f : direction < 0.0f ? -1.0f : 0.0f;
  p[i] = p[i] * (1.0f - rate * rates[1]) - sign * rate;
  m[i] = moment * beta2 + gradient * (1.0f - beta2);
}
