// Products of 64 rows of a head, for the passes of an attention without tensor cores.
//
// A block of 16 × 16 threads owns 64 rows and goes over the others by 64. A thread has 4 × 4
// elements of the 64 × 64 scores, and 4 rows of a result with 4 of each panel of 64 columns.
#pragma once

#include "head_rows.cuh"

constexpr int side = 64;
constexpr int slice = 16;

/// Sixty-four rows of 64, and four that part them on the banks of the memory.
using Square = float[side][side + 4];
using Tile = float[4][4];
template <int panels>
using Result = Tile[panels];

struct Shared {
  /// Weights by columns: [those gone over][own].
  Square weights;

  /// Two slices of 16 columns, by columns; or a panel of 64 columns, by rows.
  Square factors;
};

/// Four elements of a row, zeros where the head has none.
__device__ inline void load_four(float (&x)[4], const HeadRows &head, int row, int column) {
  struct alignas(4 * sizeof(Element)) Four {
    Element x[4];
  };
  const int there = row < head.count ? head.width - column : 0;
  const Element *const from = head.x + u64(row) * head.stride + column;
  if (head.is_packed && there >= 4) {
    const Four four = *reinterpret_cast<const Four *>(from);
    for (int k = 0; k < 4; k++) x[k] = to_float(four.x[k]);
  } else {
    for (int k = 0; k < 4; k++) x[k] = k < there ? to_float(from[k]) : 0.0f;
  }
}

/// sums += Σ a[k]ᵀ b[k] over `depth` rows of two matrices, of this thread's elements.
template <int depth>
__device__ inline void multiply_add(Tile &sums, const float (*a)[side + 4],
                                    const float (*b)[side + 4]) {
  const int x = threadIdx.x % 16 * 4, y = threadIdx.x / 16 * 4;
#pragma unroll 8
  for (int k = 0; k < depth; k++)
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
      for (int j = 0; j < 4; j++) sums[i][j] += a[k][y + i] * b[k][x + j];
}

/// products = own · othersᵀ for 64 rows of each.
__device__ inline void multiply_rows(Tile &products, Shared &shared, const HeadRows &own,
                                     int own_first, const HeadRows &others, int first) {
  const int row = threadIdx.x / 4, column = threadIdx.x % 4 * 4;
  for (int i = 0; i < 16; i++) products[i / 4][i % 4] = 0.0f;
  for (int start = 0; start < own.width; start += slice) {
    float a[4], b[4];
    load_four(a, own, own_first + row, start + column);
    load_four(b, others, first + row, start + column);
    __syncthreads();  // what was here before is used
    for (int k = 0; k < 4; k++) {
      shared.factors[column + k][row] = a[k];
      shared.factors[slice + column + k][row] = b[k];
    }
    __syncthreads();
    multiply_add<slice>(products, shared.factors, shared.factors + slice);
  }
}

/// result += weights · others.
template <int panels>
__device__ inline void multiply_add_rows(Result<panels> &result, Shared &shared, const Tile &weights,
                                         const HeadRows &others, int first) {
  const int x = threadIdx.x % 16 * 4, y = threadIdx.x / 16 * 4;
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < 4; j++) shared.weights[x + j][y + i] = weights[i][j];
#pragma unroll
  for (int panel = 0; panel < panels; panel++) {
    if (panel * side >= others.width) break;
    __syncthreads();
    for (int row = y / 4; row < side; row += 16) {
      float four[4];
      load_four(four, others, first + row, panel * side + x);
      for (int k = 0; k < 4; k++) shared.factors[row][x + k] = four[k];
    }
    __syncthreads();
    multiply_add<side>(result[panel], shared.weights, shared.factors);
  }
}

/// The sum over the 16 threads that share rows, in each of them.
__device__ inline float sum_of_row(float value) {
  for (int offset = 8; offset > 0; offset /= 2)
    value += __shfl_xor_sync(all_lanes, value, offset);
  return value;
}

/// Writes a thread's part of a row, from the beginning of the row on.
template <int panels>
__device__ inline void store_row(Element *to, const Result<panels> &result, int i, float factor,
                                 int head_width) {
#pragma unroll
  for (int panel = 0; panel < panels; panel++)
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int column = panel * side + int(threadIdx.x) % 16 * 4 + j;
      if (column < head_width) to[column] = rounded<Element>(result[panel][i][j] * factor);
    }
}
