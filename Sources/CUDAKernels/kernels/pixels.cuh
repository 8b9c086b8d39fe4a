// Sums over the pixels of a picture, which fill the device: a block has a piece of the pixels, and
// tells what it found to a second kernel.
#pragma once

#include "rows.cuh"

/// Threads of a block in the kernels below.
constexpr int pixel_threads = 256;

/// A thread's share of [samples, pixels, channels]: one pack of channels of some pixels.
///
/// A block works on the pixels of a piece and on a part of their channels: `packs` neighbouring
/// threads share one pixel. gridDim = [pieces, parts, samples].
struct PixelPiece {
  u32 channel, lanes;

  // Rows of [samples · pixels, channels]; none for a thread that has nothing to do.
  u64 first, end;
  u32 step;
};

/// `piece`: the number of pixels per piece.
__device__ inline PixelPiece pixel_piece(u32 pixels, u32 channels, u32 packs, u32 piece) {
  const u32 step = blockDim.x / packs, row = threadIdx.x / packs;
  const u32 channel = (blockIdx.y * packs + threadIdx.x % packs) * pack_count;
  const u32 start = blockIdx.x * piece, stop = start + piece < pixels ? start + piece : pixels;
  const u64 sample = u64(blockIdx.z) * pixels;
  if (row >= step || channel >= channels) return {channel, 0, sample, sample, step};
  const u32 rest = channels - channel;
  return {channel, rest < pack_count ? rest : pack_count, sample + start + row, sample + stop, step};
}

/// Adds up the sums of the threads that have the same channels, always in the same order.
///
/// All threads of the block take part. partials: [samples, pieces, n, channels].
template <int n>
__device__ inline void store_piece_sums(float *partials, const float (&sums)[n][pack_count],
                                        u32 channels, u32 packs) {
  // Four numbers more than threads, so that neighbouring channels lie in different banks.
  __shared__ float shared[n * pack_count][pixel_threads + 4];
#pragma unroll
  for (int i = 0; i < n * pack_count; i++)
    shared[i][threadIdx.x] = sums[i / pack_count][i % pack_count];
  __syncthreads();

  const u32 width = packs * pack_count, rows = blockDim.x / packs;
  const u64 place = (u64(blockIdx.z) * gridDim.x + blockIdx.x) * n * channels;
  for (u32 item = threadIdx.x; item < n * width; item += blockDim.x) {
    const u32 which = item / width, column = item % width;
    const u32 channel = blockIdx.y * width + column;
    if (channel >= channels) continue;
    const float *terms = shared[which * pack_count + column % pack_count] + column / pack_count;
    float sum = 0.0f;
    for (u32 row = 0; row < rows; row++) sum += terms[row * packs];
    partials[place + which * channels + channel] = sum;
  }
}
