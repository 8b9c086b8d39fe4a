// A product of matrices of any strides, for those that cuBLASLt refuses.
//
//   d[i, j] = α · Σₖ a[i, k]·b[k, j] + c[i, j] + bias[j]
//
//   a      activations, element (i, k) at i·a_row + k·a_column; so b
//   c, d   [rows, columns], rows c_stride and d_stride apart; c is null for none, and may be d
//   bias   [columns], or null
//
// Sums in float32, always in the same order. It is right, not fast: tiles of 32 × 32 through shared
// memory, without tensor cores.
//
// Judge: the products of the CPU's backend.
#include "common.cuh"

constexpr int tile = 32;

// One block per tile of d; each of its 256 threads has four elements of one column:
// gridDim = (⌈rows / 32⌉, ⌈columns / 32⌉), as rows may be millions.
template <typename Result>
__device__ inline void product(const Element *__restrict__ a, const Element *__restrict__ b,
                               const Result *c, Result *d, const Result *__restrict__ bias,
                               u64 a_row, u64 a_column, u64 b_row, u64 b_column, u64 c_stride,
                               u64 d_stride, u32 rows, u32 columns, u32 inner, float alpha,
                               float (&left)[tile][tile + 1], float (&right)[tile][tile + 1]) {
  const u32 x = threadIdx.x % tile, y = threadIdx.x / tile;
  const u32 first_row = blockIdx.x * tile, first_column = blockIdx.y * tile;
  float sums[4] = {};
  for (u32 start = 0; start < inner; start += tile) {
#pragma unroll
    for (u32 part = 0; part < 4; part++) {
      const u32 line = y + part * 8;
      const u32 row = first_row + line, column = first_column + x;
      left[line][x] = row < rows && start + x < inner
                          ? to_float(a[row * a_row + (start + x) * a_column])
                          : 0.0f;
      right[line][x] = start + line < inner && column < columns
                           ? to_float(b[(start + line) * b_row + column * b_column])
                           : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (u32 k = 0; k < tile; k++) {
      const float factor = right[k][x];
#pragma unroll
      for (u32 part = 0; part < 4; part++) sums[part] += left[y + part * 8][k] * factor;
    }
    __syncthreads();
  }
#pragma unroll
  for (u32 part = 0; part < 4; part++) {
    const u32 row = first_row + y + part * 8, column = first_column + x;
    if (row >= rows || column >= columns) continue;
    float value = alpha * sums[part];
    if (c) value += to_float(c[row * c_stride + column]);
    if (bias) value += to_float(bias[column]);
    d[row * d_stride + column] = rounded<Result>(value);
  }
}

KERNEL void __launch_bounds__(256)
    product_of_activations(const Element *__restrict__ a, const Element *__restrict__ b,
                           const Element *c, Element *d, const Element *__restrict__ bias,
                           u64 a_row, u64 a_column, u64 b_row, u64 b_column, u64 c_stride,
                           u64 d_stride, u32 rows, u32 columns, u32 inner, float alpha) {
  __shared__ float left[tile][tile + 1], right[tile][tile + 1];
  product(a, b, c, d, bias, a_row, a_column, b_row, b_column, c_stride, d_stride, rows, columns,
          inner, alpha, left, right);
}

KERNEL void __launch_bounds__(256)
    product_in_f32(const Element *__restrict__ a, const Element *__restrict__ b, const float *c,
                   float *d, const float *__restrict__ bias, u64 a_row, u64 a_column, u64 b_row,
                   u64 b_column, u64 c_stride, u64 d_stride, u32 rows, u32 columns, u32 inner,
                   float alpha) {
  __shared__ float left[tile][tile + 1], right[tile][tile + 1];
  product(a, b, c, d, bias, a_row, a_column, b_row, b_column, c_stride, d_stride, rows, columns,
          inner, alpha, left, right);
}
