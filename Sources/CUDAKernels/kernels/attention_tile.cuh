// Rows of a head in registers and in shared memory, and their products, for all passes of an
// attention.
//
// A block of four warps owns some rows of a head (queries, or keys) and goes over the others by
// tiles: each warp holds 16 or 32 of the block's rows as the left factors of its products, the
// tiles in shared memory give the right ones. `width` is the number of columns that are computed; a
// narrower head has zeros there.
#pragma once

#include "head_rows.cuh"
#include "mma.cuh"

constexpr int attention_threads = 128;
constexpr int attention_warps = attention_threads / warp_size;

constexpr float log2_e = 1.44269504f;

/// The sizes of tiles for heads of this width: they fit into the registers of a thread and the
/// 48 KiB of shared memory that every device allows.
template <int width>
struct Cut {
  static_assert(width % 8 == 0);

  /// Elements from one row of a tile to the next: an odd number of packs, so that eight rows at one
  /// column lie in different banks.
  static constexpr int stride = (width / 8 | 1) * 8;

  /// Rows of a tile.
  static constexpr int rows = width <= 64 ? 64 : 32;

  /// Rows of a tile that a backward pass multiplies at a time.
  static constexpr int part = width <= 80 ? 32 : 16;
  static constexpr int elements = rows * stride;
};

// MARK: Tiles in shared memory

/// The number of threads that copy a row: one per pack, rounded up to a power of two.
__device__ constexpr int lanes_of_row(int packs) {
  return packs <= 1 ? 1 : 2 * lanes_of_row((packs + 1) / 2);
}

/// Starts to copy rows from `first` on; rows beyond the head become zeros.
template <int width>
__device__ inline void load_tile(Element *tile, const HeadRows &head, int first) {
  using Cut = Cut<width>;
  constexpr int lanes = lanes_of_row(width / 8), rows_at_once = attention_threads / lanes;
  const int lane = threadIdx.x % lanes, column = lane * 8;
  if (column >= width) return;
#pragma unroll
  for (int i = 0; i < Cut::rows; i += rows_at_once) {
    const int row = i + threadIdx.x / lanes;
    const int there = first + row < head.count ? head.width - column : 0;
    const Element *const from = head.x + u64(first + row) * head.stride + column;
    Element *const to = tile + row * Cut::stride + column;
    if (head.is_packed) {
      copy_async<16>(to, there > 0 ? from : head.x, there > 0);
    } else {
      for (int k = 0; k < 8; k++) to[k] = k < there ? from[k] : Element{0};
    }
  }
}

/// Two matrices that a block goes over, two tiles of each at a time: this one and the next.
template <int width>
using Stages = Element[2][2][Cut<width>::elements];

template <int width>
__device__ inline void load_stage(Stages<width> &stages, int stage, const HeadRows &a,
                                  const HeadRows &b, int first) {
  load_tile<width>(stages[stage][0], a, first);
  load_tile<width>(stages[stage][1], b, first);
}

// MARK: Rows in registers

/// Sixteen rows as left factors: for each 8 columns, the squares of rows 0–7 and of rows 8–15.
template <int eights>
using Factors = u32[eights][2];

/// Loads the rows from `first` on; there are zeros where the head has none.
template <int width>
__device__ inline void load_factors(Factors<width / 8> &factors, const HeadRows &head, int first) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const int row = first + g + 8 * half;
    const Element *const from = head.x + u64(row) * head.stride;
#pragma unroll
    for (int k = 0; k < width / 8; k++) {
      const int column = 8 * k + 2 * t, there = row < head.count ? head.width - column : 0;
      u32 word = 0;
      if (head.is_packed) {
        if (there > 0) word = *reinterpret_cast<const u32 *>(from + column);
      } else {
        if (there > 0) word = from[column].bits;
        if (there > 1) word |= u32(from[column + 1].bits) << 16;
      }
      factors[k][half] = word;
    }
  }
}

/// Sums of sixteen rows: for each 8 columns, elements 2t and 2t + 1 of row g, then of row g + 8.
template <int eights>
using Sums = float[eights][4];

// MARK: Products

/// sums = factors · tileᵀ for 8 · `eights` rows of a tile, of all `units` times 16 rows.
template <int width, int units, int eights>
__device__ inline void multiply_transposed(Sums<eights> (&sums)[units],
                                           const Factors<width / 8> (&factors)[units],
                                           const Element *tile) {
  constexpr int stride = Cut<width>::stride;
  const int lane = threadIdx.x % warp_size;
#pragma unroll
  for (int u = 0; u < units; u++)
#pragma unroll
    for (int n = 0; n < eights; n++)
#pragma unroll
      for (int i = 0; i < 4; i++) sums[u][n][i] = 0.0f;

  const Element *const row = tile + (lane / 16 * 8 + lane % 8) * stride + lane / 8 % 2 * 8;
#pragma unroll
  for (int k = 0; k < width / 16; k++) {
#pragma unroll
    for (int n = 0; n < eights; n += 2) {
      u32 squares[4];
      load_squares(squares, row + n * 8 * stride + k * 16);
#pragma unroll
      for (int u = 0; u < units; u++) {
        const auto &left = factors[u][2 * k], &right = factors[u][2 * k + 1];
        multiply_add<Element>(sums[u][n], left, right, squares[0], squares[1]);
        multiply_add<Element>(sums[u][n + 1], left, right, squares[2], squares[3]);
      }
    }
  }
  if constexpr (width % 16 == 8) {
    static_assert(eights % 4 == 0);
#pragma unroll
    for (int n = 0; n < eights; n += 4) {
      u32 squares[4];
      load_squares(squares, tile + (n * 8 + lane) * stride + width - 8);
#pragma unroll
      for (int u = 0; u < units; u++)
#pragma unroll
        for (int i = 0; i < 4; i++)
          multiply_add<Element>(sums[u][n + i], factors[u][width / 8 - 1], squares[i]);
    }
  }
}

/// sums += weights · tile, the weights rounded, for as many rows of a tile as there are weights.
template <int width, int units, int eights>
__device__ inline void multiply_add_tile(Sums<width / 8> (&sums)[units],
                                         const Sums<eights> (&weights)[units],
                                         const Element *tile) {
  constexpr int stride = Cut<width>::stride;
  const int lane = threadIdx.x % warp_size;
#pragma unroll
  for (int k = 0; k < eights / 2; k++) {
    u32 factors[units][2][2];
#pragma unroll
    for (int u = 0; u < units; u++)
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const float *const pair = &weights[u][2 * k + i / 2][i % 2 * 2];
        factors[u][i / 2][i % 2] = packed<Element>(pair[0], pair[1]);
      }
    const Element *const row = tile + (k * 16 + lane % 16) * stride;
#pragma unroll
    for (int n = 0; n + 1 < width / 8; n += 2) {
      u32 squares[4];
      load_transposed_squares(squares, row + n * 8 + lane / 16 * 8);
#pragma unroll
      for (int u = 0; u < units; u++) {
        multiply_add<Element>(sums[u][n], factors[u][0], factors[u][1], squares[0], squares[1]);
        multiply_add<Element>(sums[u][n + 1], factors[u][0], factors[u][1], squares[2],
                              squares[3]);
      }
    }
    if constexpr (width % 16 == 8) {
      u32 squares[2];
      load_transposed_squares(squares, row + width - 8);
#pragma unroll
      for (int u = 0; u < units; u++)
        multiply_add<Element>(sums[u][width / 8 - 1], factors[u][0], factors[u][1], squares[0],
                              squares[1]);
    }
  }
}

/// Makes scores of keys that a query does not see −∞. Rows begin with the query `row`, columns with
/// the key `first`.
template <int eights>
__device__ inline void hide_keys(Sums<eights> &scores, int row, int first, int keys,
                                 int is_causal) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int n = 0; n < eights; n++)
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const int key = first + 8 * n + 2 * t + i % 2, query = row + g + i / 2 * 8;
      if (key >= keys || (is_causal && key > query)) scores[n][i] = minus_infinity();
    }
}

// MARK: Results

__device__ inline void store_pair(Element *to, float low, float high) {
  *reinterpret_cast<u32 *>(to) = packed<Element>(low, high);
}

__device__ inline void store_pair(float *to, float low, float high) {
  *reinterpret_cast<float2 *>(to) = {low, high};
}

/// Writes `factor · sums` of one row, rounded: `half` 0 is row g, 1 is row g + 8.
template <typename T, int eights>
__device__ inline void store_row(T *to, const Sums<eights> &sums, int half, float factor,
                                 int head_width) {
  const int t = threadIdx.x % 4;
  const bool is_paired =
      (reinterpret_cast<u64>(to) | head_width * sizeof(T)) % (2 * sizeof(T)) == 0;
#pragma unroll
  for (int n = 0; n < eights; n++) {
    const int column = 8 * n + 2 * t;
    const float low = sums[n][2 * half] * factor, high = sums[n][2 * half + 1] * factor;
    if (is_paired) {
      if (column < head_width) store_pair(to + column, low, high);
    } else {
      if (column < head_width) to[column] = rounded<T>(low);
      if (column + 1 < head_width) to[column + 1] = rounded<T>(high);
    }
  }
}
