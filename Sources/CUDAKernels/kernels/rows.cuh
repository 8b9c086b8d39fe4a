// Packs of rows that need not begin at multiples of 16 bytes.
#pragma once

#include "common.cuh"

/// `lanes` elements from x on as float32; zeros after them.
///
/// `in_packs` says that x lies at a multiple of 16 bytes.
template <typename T>
__device__ inline void load_lanes(float (&numbers)[pack_count], const T *x, u32 lanes,
                                  bool in_packs) {
  if (in_packs) return load_pack(numbers, x, 0, lanes);
#pragma unroll
  for (int k = 0; k < pack_count; k++) numbers[k] = k < lanes ? to_float(x[k]) : 0.0f;
}

/// Writes `lanes` of the numbers from x on, or adds them to what is there.
template <typename T>
__device__ inline void store_lanes(T *x, float (&numbers)[pack_count], u32 lanes, bool in_packs,
                                   bool accumulating = false) {
  if (accumulating) {
    float addends[pack_count];
    load_lanes(addends, x, lanes, in_packs);
#pragma unroll
    for (int k = 0; k < pack_count; k++) numbers[k] += addends[k];
  }
  if (in_packs) return store_pack(x, numbers, 0, lanes);
#pragma unroll
  for (int k = 0; k < pack_count; k++) {
    if (k < lanes) x[k] = rounded<T>(numbers[k]);
  }
}

/// A thread's pack, where there is one thread per pack of rows of `width` elements.
struct RowPack {
  u32 row, column, lanes;
};

__device__ inline RowPack row_pack(u32 width) {
  const u32 packs = (width + pack_count - 1) / pack_count;
  const u32 thread = blockIdx.x * blockDim.x + threadIdx.x;
  const u32 column = thread % packs * pack_count, rest = width - column;
  return {thread / packs, column, rest < pack_count ? rest : pack_count};
}
