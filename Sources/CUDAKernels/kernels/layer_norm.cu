// Layer normalization of each row.
//
//   y = γ·(x − mean)·r + β with r = 1/√(variance + ε)
//   dx = r·(γ·dy − average of γ·dy − x̂ · average of γ·dy·x̂), or added to dx, with x̂ = (x − mean)·r
//
//   x, y, dy, dx   [rows, channels]   activations
//   weight, bias   [channels]         float32: γ, β
//   statistics     [2, rows]          float32: mean, r
//
// One warp per row. Two passes avoid cancellation when the mean is large; the second pass hits L1,
// so DRAM is read once.
//
// Source: Ba, Kiros and Hinton, "Layer Normalization" (2016). CPU twin: ComputeCPU/LayerNorm.swift.
#include "rows.cuh"

/// A lane's share of a row: every 32nd pack.
struct LaneOfRow {
  u64 row, start;
  u32 first;
  bool in_packs;

  __device__ explicit LaneOfRow(u32 channels) {
    row = u64(blockIdx.x) * (blockDim.x / warp_size) + threadIdx.x / warp_size;
    start = row * channels;
    first = threadIdx.x % warp_size * pack_count;
    in_packs = channels % pack_count == 0;
  }
};

// The number of channels that a warp takes at once.
constexpr u32 warp_channels = warp_size * pack_count;

/// The elements of the pack that begins at `channel`.
__device__ inline u32 lanes_in_row(u32 channel, u32 channels) {
  return channels - channel < pack_count ? channels - channel : pack_count;
}

// Both: a warp for each row, gridDim = ⌈rows / (blockDim.x / 32)⌉.

KERNEL void __launch_bounds__(256)
    layer_norm(const Element *__restrict__ x, const float *__restrict__ weight,
               const float *__restrict__ bias, Element *__restrict__ y,
               float *__restrict__ statistics, float epsilon, u32 rows, u32 channels) {
  const LaneOfRow mine(channels);
  if (mine.row >= rows) return;
  x += mine.start;
  y += mine.start;
  float numbers[pack_count], factors[pack_count], addends[pack_count];

  float sum = 0.0f;
#pragma unroll 4
  for (u32 channel = mine.first; channel < channels; channel += warp_channels) {
    load_lanes(numbers, x + channel, lanes_in_row(channel, channels), mine.in_packs);
#pragma unroll
    for (int k = 0; k < pack_count; k++) sum += numbers[k];
  }
  const float mean = warp_sum(sum) / channels;

  float squares = 0.0f;
#pragma unroll 4
  for (u32 channel = mine.first; channel < channels; channel += warp_channels) {
    const u32 lanes = lanes_in_row(channel, channels);
    load_lanes(numbers, x + channel, lanes, mine.in_packs);
#pragma unroll
    for (int k = 0; k < pack_count; k++) {
      if (k < lanes) squares += (numbers[k] - mean) * (numbers[k] - mean);
    }
  }
  const float inverse = 1.0f / sqrtf(warp_sum(squares) / channels + epsilon);

#pragma unroll 4
  for (u32 channel = mine.first; channel < channels; channel += warp_channels) {
    const u32 lanes = lanes_in_row(channel, channels);
    load_lanes(numbers, x + channel, lanes, mine.in_packs);
    load_lanes(factors, weight + channel, lanes, true);
    load_lanes(addends, bias + channel, lanes, true);
#pragma unroll
    for (int k = 0; k < pack_count; k++)
      numbers[k] = (numbers[k] - mean) * (factors[k] * inverse) + addends[k];
    store_lanes(y + channel, numbers, lanes, mine.in_packs);
  }
  if (mine.first == 0) {
    statistics[mine.row] = mean;
    statistics[rows + mine.row] = inverse;
  }
}

KERNEL void __launch_bounds__(256)
    layer_norm_backward(const Element *__restrict__ x, const Element *__restrict__ dy,
                        const float *__restrict__ weight, const float *__restrict__ statistics,
                        Element *__restrict__ dx, int accumulating, u32 rows, u32 channels) {
  const LaneOfRow mine(channels);
  if (mine.row >= rows) return;
  x += mine.start;
  dy += mine.start;
  dx += mine.start;
  const float mean = statistics[mine.row], inverse = statistics[rows + mine.row];
  float numbers[pack_count], gradient[pack_count], factors[pack_count];

  float sum = 0.0f, product = 0.0f;
#pragma unroll 4
  for (u32 channel = mine.first; channel < channels; channel += warp_channels) {
    const u32 lanes = lanes_in_row(channel, channels);
    load_lanes(numbers, x + channel, lanes, mine.in_packs);
    load_lanes(gradient, dy + channel, lanes, mine.in_packs);
    load_lanes(factors, weight + channel, lanes, true);
#pragma unroll
    for (int k = 0; k < pack_count; k++) {
      const float dz = gradient[k] * factors[k];
      sum += dz;
      product += dz * (numbers[k] - mean);
    }
  }
  const float offset = warp_sum(sum) / channels;
  const float slope = warp_sum(product) * inverse * inverse / channels;

#pragma unroll 4
  for (u32 channel = mine.first; channel < channels; channel += warp_channels) {
    const u32 lanes = lanes_in_row(channel, channels);
    load_lanes(numbers, x + channel, lanes, mine.in_packs);
    load_lanes(gradient, dy + channel, lanes, mine.in_packs);
    load_lanes(factors, weight + channel, lanes, true);
#pragma unroll
    for (int k = 0; k < pack_count; k++) {
      const float dz = gradient[k] * factors[k];
      gradient[k] = inverse * (dz - offset - slope * (numbers[k] - mean));
    }
    store_lanes(dx + channel, gradient, lanes, mine.in_packs, accumulating);
  }
}
