// Adds to the result of a convolution what belongs to its channels, its samples and itself.
//
//   y = y + bias + sample_bias + residual, each but y where there is one, else null
//
//   y, residual   activations, [samples, pixels, channels]
//   bias          activations, [channels]
//   sample_bias   activations, [samples, channels]
//
// CPU twin: ComputeCPU/Convolution.swift, `Addends` and `Window.add`.
#include "common.cuh"

// Adds the row of channels `row`, from the place in it where a pack begins: a pack may reach into
// the next row.
__device__ inline void add_row(float (&sums)[pack_count], const Element *row, u32 from,
                               u32 channels) {
  if (channels % pack_count == 0) {
    float numbers[pack_count];
    load_pack(numbers, row, from, channels);
#pragma unroll
    for (int k = 0; k < pack_count; k++) sums[k] += numbers[k];
    return;
  }
#pragma unroll
  for (int k = 0; k < pack_count; k++) sums[k] += to_float(row[(from + k) % channels]);
}

// One thread per pack: gridDim = ⌈⌈count / pack_count⌉ / blockDim.x⌉. `size` is the number of
// elements of a sample.
KERNEL void __launch_bounds__(256)
    addends(Element *y, const Element *bias, const Element *sample_bias, const Element *residual,
            u32 channels, u64 size, u64 count) {
  const u64 first = first_in_pack();
  if (first >= count) return;
  float sums[pack_count];
  load_pack(sums, y, first, count);
  const u32 from = u32(first % channels);
  if (bias) add_row(sums, bias, from, channels);
  if (sample_bias && channels % pack_count == 0) {
    add_row(sums, sample_bias + first / size * channels, from, channels);
  } else if (sample_bias) {
#pragma unroll
    for (int k = 0; k < pack_count; k++) {
      if (first + k >= count) break;
      sums[k] += to_float(sample_bias[(first + k) / size * channels + (first + k) % channels]);
    }
  }
  if (residual) {
    float numbers[pack_count];
    load_pack(numbers, residual, first, count);
#pragma unroll
    for (int k = 0; k < pack_count; k++) sums[k] += numbers[k];
  }
  store_pack(y, sums, first, count);
}
