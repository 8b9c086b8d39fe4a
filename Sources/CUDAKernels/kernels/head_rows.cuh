// The rows of an attention's heads, and where they lie in joined matrices.
#pragma once

#include "common.cuh"

__device__ inline float minus_infinity() { return __uint_as_float(0xff800000); }

/// The index at which a row of this block's head begins in a matrix of `count` rows per sample.
/// blockIdx.y is `sample · heads + head`.
__device__ inline u64 place_of_row(int row, int count, int stride, int heads, int width) {
  return (u64(blockIdx.y / heads) * count + row) * stride + blockIdx.y % heads * width;
}

/// The rows of one head, and where they lie in device memory.
struct HeadRows {
  const Element *x;
  int count;
  int width;
  int stride;

  /// Whether packs of 16 bytes may be loaded.
  bool is_packed;

  __device__ HeadRows(const Element *matrix, int count, int stride, int heads, int width)
      : x(matrix + place_of_row(0, count, stride, heads, width)),
        count(count),
        width(width),
        stride(stride),
        is_packed((reinterpret_cast<u64>(x) | stride * sizeof(Element) | width * sizeof(Element)) %
                      16 == 0) {}
};
