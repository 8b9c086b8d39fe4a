// The functions of activations, and their derivatives.
#pragma once

#include "common.cuh"

/// The cases of Compute's `Activation`.
enum ActivationKind { no_activation = -1, silu = 0, gelu = 1, quick_gelu = 2 };

/// eˣ; where results have 16 bits by the device's approximation, whose error is far below theirs.
__device__ inline float exponential(float x) {
#ifdef __CUDA_ARCH__
  if constexpr (sizeof(Element) == 2) return __expf(x);
#endif
  return expf(x);
}

/// 1 / (1 + e⁻ˣ).
__device__ inline float sigmoid(float x) {
#ifdef __CUDA_ARCH__
  if constexpr (sizeof(Element) == 2) return __fdividef(1.0f, 1.0f + exponential(-x));
#endif
  return 1.0f / (1.0f + exponential(-x));
}

/// The distribution function of the normal distribution.
__device__ inline float normal_probability(float x) {
  return 0.5f + 0.5f * erff(x * 0.70710678f);
}

/// The derivative of x·Φ(x).
__device__ inline float gelu_slope(float x, float probability) {
  return probability + x * 0.39894228f * exponential(-0.5f * x * x);
}

/// Replaces the numbers by the function of them.
__device__ inline void activate_pack(float (&x)[pack_count], int activation) {
  switch (activation) {
    case silu:
#pragma unroll
      for (int k = 0; k < pack_count; k++) x[k] *= sigmoid(x[k]);
      break;
    case gelu:
#pragma unroll
      for (int k = 0; k < pack_count; k++) x[k] *= normal_probability(x[k]);
      break;
    case quick_gelu:
#pragma unroll
      for (int k = 0; k < pack_count; k++) x[k] *= sigmoid(1.702f * x[k]);
      break;
  }
}

/// Multiplies the gradient by the function's derivative at x.
__device__ inline void multiply_by_slope(float (&gradient)[pack_count],
                                         const float (&x)[pack_count], int activation) {
  switch (activation) {
    case silu:
#pragma unroll
      for (int k = 0; k < pack_count; k++) {
        const float s = sigmoid(x[k]);
        gradient[k] *= s * (1.0f + x[k] * (1.0f - s));
      }
      break;
    case gelu:
#pragma unroll
      for (int k = 0; k < pack_count; k++)
        gradient[k] *= gelu_slope(x[k], normal_probability(x[k]));
      break;
    case quick_gelu:
#pragma unroll
      for (int k = 0; k < pack_count; k++) {
        const float s = sigmoid(1.702f * x[k]);
        gradient[k] *= s * (1.0f + 1.702f * x[k] * (1.0f - s));
      }
      break;
  }
}
