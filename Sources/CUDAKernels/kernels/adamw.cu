// AdamW on flat parameters, in place.
//
//   m = β₁·m + (1 − β₁)·g
//   v = β₂·v + (1 − β₂)·g²
//   p = p·(1 − η·λ) − η·b₁·m / (√v·b₂ + ε)
//
//   p, m, v, g   [count]   float32
//   rates        [7]       η, λ, β₁, β₂, ε, b₁ = 1/(1 − β₁ᵗ), b₂ = 1/√(1 − β₂ᵗ)
//
// The rates are read from the device's memory, so that a step recorded as a graph may be replayed
// with others. Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (ICLR 2019).
//
// CPU twin: ComputeCPU/Optimizers.swift, `adamW`.
#include "common.cuh"

// One thread per element: gridDim = ⌈count / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    adamw(float *__restrict__ p, float *__restrict__ m, float *__restrict__ v,
          const float *__restrict__ g, const float *__restrict__ rates, u64 count) {
  const u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;

  const float rate = rates[0], decay = 1.0f - rate * rates[1];
  const float beta1 = rates[2], beta2 = rates[3], epsilon = rates[4];
  const float gradient = g[i];
  const float moment = m[i] * beta1 + gradient * (1.0f - beta1);
  const float square = v[i] * beta2 + gradient * gradient * (1.0f - beta2);
  m[i] = moment;
  v[i] = square;
  p[i] = p[i] * decay - moment * (rate * rates[5]) / (sqrtf(square) * rates[6] + epsilon);
}
