// Embeddings of tokens and of timesteps, and rows by their places.
//
//   embed_tokens      y[i] = table[token i] + positions[i mod length]
//   take_rows         y[i] = x[place i]
//   add_rows          dx[place i] += dy[i], where no place is given twice
//   embed_timesteps   y[i] = [cos(t·f), sin(t·f)] with f_j = 10000^(−j / half)
//
//   tokens      [count], in samples of `length`   int32
//   table       [vocabulary, channels]            activations
//   positions   [at least length, channels]       activations
//   places      [count]                           int32
//   x, dx       [rows, channels]                  activations
//   timesteps   [count]                           float32
//   y, dy       [count, channels]                 activations; of timesteps channels = 2·half
//
// CPU twin: ComputeCPU/Embedding.swift.
#include "rows.cuh"

// One thread per pack of a row of y: gridDim = ⌈count · ⌈channels / pack_count⌉ / blockDim.x⌉.
//
// A token that is not in the table becomes NaN, which the loss shows.
KERNEL void __launch_bounds__(256)
    embed_tokens(const int *__restrict__ tokens, const Element *__restrict__ table,
                 const Element *__restrict__ positions, Element *__restrict__ y, u32 count,
                 u32 length, u32 vocabulary, u32 channels) {
  const auto [row, channel, lanes] = row_pack(channels);
  if (row >= count) return;
  const bool in_packs = channels % pack_count == 0;
  const u32 token = u32(tokens[row]);
  float numbers[pack_count], places[pack_count];
  load_lanes(places, positions + u64(row % length) * channels + channel, lanes, in_packs);
  if (token < vocabulary) {
    load_lanes(numbers, table + u64(token) * channels + channel, lanes, in_packs);
  } else {
#pragma unroll
    for (int k = 0; k < pack_count; k++) numbers[k] = __uint_as_float(0x7fc00000);
  }
#pragma unroll
  for (int k = 0; k < pack_count; k++) numbers[k] += places[k];
  store_lanes(y + u64(row) * channels + channel, numbers, lanes, in_packs);
}

// One thread per pack of a row of y, as above. A place beyond the rows becomes NaN.
KERNEL void __launch_bounds__(256)
    take_rows(const Element *__restrict__ x, const int *__restrict__ places,
              Element *__restrict__ y, u32 count, u32 rows, u32 channels) {
  const auto [row, channel, lanes] = row_pack(channels);
  if (row >= count) return;
  const bool in_packs = channels % pack_count == 0;
  const u32 place = u32(places[row]);
  float numbers[pack_count];
  if (place < rows) {
    load_lanes(numbers, x + u64(place) * channels + channel, lanes, in_packs);
  } else {
#pragma unroll
    for (int k = 0; k < pack_count; k++) numbers[k] = __uint_as_float(0x7fc00000);
  }
  store_lanes(y + u64(row) * channels + channel, numbers, lanes, in_packs);
}

// One thread per pack of a row of dy. A place beyond the rows is left out.
KERNEL void __launch_bounds__(256)
    add_rows(const Element *__restrict__ dy, const int *__restrict__ places, Element *dx,
             u32 count, u32 rows, u32 channels) {
  const auto [row, channel, lanes] = row_pack(channels);
  if (row >= count) return;
  const bool in_packs = channels % pack_count == 0;
  const u32 place = u32(places[row]);
  if (place >= rows) return;
  Element *const target = dx + u64(place) * channels + channel;
  float numbers[pack_count], sums[pack_count];
  load_lanes(numbers, dy + u64(row) * channels + channel, lanes, in_packs);
  load_lanes(sums, target, lanes, in_packs);
#pragma unroll
  for (int k = 0; k < pack_count; k++) sums[k] += numbers[k];
  store_lanes(target, sums, lanes, in_packs);
}

// One thread per frequency of each row: gridDim = ⌈count · half / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    embed_timesteps(const float *__restrict__ timesteps, Element *__restrict__ y, u32 count,
                    u32 half) {
  const u32 thread = blockIdx.x * blockDim.x + threadIdx.x;
  const u32 row = thread / half, frequency = thread % half;
  if (row >= count) return;
  // ln 10000
  const float angle = timesteps[row] * expf(-9.2103404f * float(frequency) / float(half));
  y[u64(row) * 2 * half + frequency] = rounded<Element>(cosf(angle));
  y[(u64(row) * 2 + 1) * half + frequency] = rounded<Element>(sinf(angle));
}
