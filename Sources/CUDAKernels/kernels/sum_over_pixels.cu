// The sum over a picture's pixels, channel by channel.
//
//   sums[b, c] = Σ x[b, pixel, c], or added to it
//
//   x          [samples, pixels, channels]   activations
//   partials   [samples, pieces, channels]   float32: from the first kernel to the second
//   sums       [samples, channels]           activations
//
// Always in the same order, so that the same x gives the same bits. CPU twin: ComputeCPU/Add.swift.
#include "pixels.cuh"

// gridDim = [pieces, parts, samples]: see PixelPiece.
KERNEL void __launch_bounds__(256)
    sum_pixels_of_pieces(float *__restrict__ partials, const Element *__restrict__ x, u32 pixels,
                         u32 channels, u32 packs, u32 piece) {
  const PixelPiece mine = pixel_piece(pixels, channels, packs, piece);
  const bool in_packs = channels % pack_count == 0;
  float sums[1][pack_count] = {};
#pragma unroll 4
  for (u64 row = mine.first; row < mine.end; row += mine.step) {
    float numbers[pack_count];
    load_lanes(numbers, x + row * channels + mine.channel, mine.lanes, in_packs);
#pragma unroll
    for (int k = 0; k < pack_count; k++) sums[0][k] += numbers[k];
  }
  store_piece_sums(partials, sums, channels, packs);
}

// One thread per sum: gridDim = [⌈channels / blockDim.x⌉, samples].
KERNEL void __launch_bounds__(256)
    sum_pieces(Element *__restrict__ sums, const float *__restrict__ partials, int accumulating,
               u32 pieces, u32 channels) {
  const u32 channel = blockIdx.x * blockDim.x + threadIdx.x;
  if (channel >= channels) return;
  const u64 place = u64(blockIdx.y) * channels + channel;
  partials += u64(blockIdx.y) * pieces * channels + channel;
  float sum = accumulating ? to_float(sums[place]) : 0.0f;
  for (u32 piece = 0; piece < pieces; piece++) sum += partials[u64(piece) * channels];
  sums[place] = rounded<Element>(sum);
}
