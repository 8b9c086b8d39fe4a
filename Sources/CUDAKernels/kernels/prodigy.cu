// Prodigy on flat parameters, in place: AdamW that estimates the distance d to the solution.
//
//   ρ = η·d·c with c = √(1 − β₂ᵗ) / (1 − β₁ᵗ), or 1
//   m = β₁·m + d·(1 − β₁)·g,  v = β₂·v + d²·(1 − β₂)·g²,  s = β₃·s + (d / d₀)·(ρ, or d)·g
//   n = β₃·n + (d / d₀)·ρ·Σ g·(p₀ − p),  d′ from n / Σ |s|
//   p = p·(1 − λ·ρ) − ρ·m / (√v + d′·ε)
//
//   p, m, v, s, g, p₀   [count]    float32; a launch has one range of them
//   estimate            [4]        float32: d, the largest estimate, n, how many steps were done
//   rates               [1]        float32: η
//   step                [6]        float32: what one kernel tells the next, see below
//   partials            [2, pieces of all ranges]   float32: Σ g·(p₀ − p) and Σ |s| of 4096
//
// Source: Mishchenko and Defazio, "Prodigy" (2023), as prodigyopt 1.1.2 computes it.
// CPU twin: ComputeCPU/Prodigy.swift.
#include "common.cuh"

constexpr int prodigy_piece = 4096;

/// The places of `step`.
enum ProdigyStep { distance_before, ratio, moving_rate, sum_factor, distance_after, is_moving };

// One thread.
KERNEL void __launch_bounds__(32)
    prodigy_begin(float *__restrict__ step, const float *__restrict__ estimate,
                  const float *__restrict__ rates, float beta1, float beta2, float initial,
                  int corrects_bias, int safeguards_warmup) {
  if (threadIdx.x > 0) return;
  const float d = estimate[0];
  double correction = 1.0;
  if (corrects_bias) {
    // In float64: 1 − β₂ in float32 would keep only some digits.
    const double t = double(estimate[3]) + 1.0;
    correction = sqrt(1.0 - pow(double(beta2), t)) / (1.0 - pow(double(beta1), t));
  }
  const float rate = float(d * rates[0] * correction);
  step[distance_before] = d;
  step[ratio] = d / initial;
  step[moving_rate] = rate;
  step[sum_factor] = d / initial * (safeguards_warmup ? d : rate);
}

// One block per piece of a range: gridDim = ⌈count / 4096⌉. `partials` begins with the range's
// first piece; the other sums lie `pieces` further on.
KERNEL void __launch_bounds__(256)
    prodigy_moments(const float *__restrict__ p, const float *__restrict__ g,
                    float *__restrict__ m, float *__restrict__ v, float *__restrict__ s,
                    const float *__restrict__ origin, const float *__restrict__ step,
                    float *__restrict__ partials, float beta1, float beta2, float beta3, u64 pieces,
                    u64 count) {
  const u64 start = u64(blockIdx.x) * prodigy_piece;
  const u64 end = start + prodigy_piece < count ? start + prodigy_piece : count;
  const float d = step[distance_before], factor = step[sum_factor];
  float progress = 0.0f, total = 0.0f;
  for (u64 i = start + threadIdx.x; i < end; i += blockDim.x) {
    const float gradient = g[i];
    progress += gradient * (origin[i] - p[i]);
    m[i] = m[i] * beta1 + gradient * (d * (1.0f - beta1));
    v[i] = v[i] * beta2 + gradient * gradient * (d * d * (1.0f - beta2));
    const float sum = s[i] * beta3 + gradient * factor;
    s[i] = sum;
    total += fabsf(sum);
  }
  progress = block_sum(progress);
  total = block_sum(total);
  if (threadIdx.x == 0) {
    partials[blockIdx.x] = progress;
    partials[pieces + blockIdx.x] = total;
  }
}

// One block.
KERNEL void __launch_bounds__(256)
    prodigy_finish(float *__restrict__ estimate, float *__restrict__ step,
                   const float *__restrict__ partials, float beta3, float initial,
                   float coefficient, float growth, u64 pieces) {
  double progress = 0.0, total = 0.0;
  for (u64 i = threadIdx.x; i < pieces; i += blockDim.x) {
    progress += partials[i];
    total += partials[pieces + i];
  }
  progress = block_sum(progress);
  total = block_sum(total);
  if (threadIdx.x > 0) return;
  step[is_moving] = total == 0.0 ? 0.0f : 1.0f;
  if (total == 0.0) return;
  const float d = step[distance_before];
  const float numerator =
      beta3 * estimate[2] + float(double(step[ratio] * step[moving_rate]) * progress);
  const float guess = coefficient * float(numerator / total);
  const float grown = d == initial && guess > d ? guess : d;
  const float largest = guess > estimate[1] ? guess : estimate[1];
  const float next = grown * growth < largest ? grown * growth : largest;
  estimate[0] = step[distance_after] = next;
  estimate[1] = largest;
  estimate[2] = numerator;
  estimate[3] += 1.0f;
}

// One thread per element of a range: gridDim = ⌈count / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    prodigy_move(float *__restrict__ p, const float *__restrict__ m, const float *__restrict__ v,
                 const float *__restrict__ step, float epsilon, float decay, u64 count) {
  if (step[is_moving] == 0.0f) return;
  const u64 i = u64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const float rate = step[moving_rate];
  p[i] = p[i] * (1.0f - decay * rate) - rate * m[i] / (sqrtf(v[i]) + step[distance_after] * epsilon);
}
