// Gradient descent with momentum on flat parameters, in place.
//
//   d = g + λ·p,  m = μ·m + d,  p = p − η·(m, or with Nesterov's look ahead d + μ·m)
//
//   p, m, g   [count]   float32
//   rates     [4]       η, λ, μ, 1 for Nesterov's or 0
//
// CPU twin: ComputeCPU/Optimizers.swift, `momentumSGD`.
#include "common.cuh"

// One thread per element: gridDim = ⌈count / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    momentum_sgd(float *__restrict__ p, float *__restrict__ m, const float *__restrict__ g,
                 const float *__restrict__ rates, u64 count) {
  const u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;

  const float factor = rates[2];
  const float gradient = g[i] + p[i] * rates[1];
  const float moment = m[i] * factor + gradient;
  m[i] = moment;
  p[i] -= rates[0] * (rates[3] != 0.0f ? gradient + moment * factor : moment);
}
