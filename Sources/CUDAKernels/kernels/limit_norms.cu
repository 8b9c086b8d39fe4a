// Limits the norm of each low-rank product within the flat parameters, in place.
//
//   ‖scale·U·D‖² = scale² · the sum of UᵀU ∘ DDᵀ;  U, D = √(limit / norm)·U, D where it is above
//
//   p          [count]                     float32: U is [outputs, rank], D is [rank, inputs]
//   table      [products, 8]               int32: one `LowRankProduct` each, see below
//   partials   [products, tiles]           float64: from the first kernel to the second
//
// The matrices UᵀU and DDᵀ are cut into tiles of 16 × 16; those above the diagonal count twice.
//
// CPU twin: ComputeCPU/Optimizers.swift, `limitNorms`.
#include "common.cuh"

constexpr u32 tile_side = 16, tile_depth = 32;

/// An entry of the table, as the host writes it.
struct LowRank {
  u32 down, up, rank, inputs, outputs;
  float scale;
  u32 unused[2];

  /// The number of tiles in a row of UᵀU.
  __device__ u32 side() const { return (rank + tile_side - 1) / tile_side; }
};

/// Σ x[i, n]·x[j, n] over n < length, where x[i, n] lies at i·across + n·along.
///
/// i = first + (this thread's row of the tile), j = second + (its column); 0 beyond the rank.
__device__ inline float tile_product(const float *x, u32 first, u32 second, u32 rank, u32 length,
                                     u32 across, u32 along) {
  __shared__ float left[tile_side][tile_depth + 1], right[tile_side][tile_depth + 1];
  const u32 i = threadIdx.x / tile_side, j = threadIdx.x % tile_side;
  float total = 0.0f;
  for (u32 start = 0; start < length; start += tile_depth) {
    __syncthreads();
    for (u32 item = threadIdx.x; item < tile_side * tile_depth; item += blockDim.x) {
      // Threads side by side read what lies side by side.
      const u32 row = along == 1 ? item / tile_depth : item % tile_side;
      const u32 column = along == 1 ? item % tile_depth : item / tile_side;
      const u64 place = u64(start + column) * along;
      const bool is_inside = start + column < length;
      left[row][column] =
          is_inside && first + row < rank ? x[place + u64(first + row) * across] : 0.0f;
      right[row][column] =
          is_inside && second + row < rank ? x[place + u64(second + row) * across] : 0.0f;
    }
    __syncthreads();
    float sum = 0.0f;
#pragma unroll
    for (u32 n = 0; n < tile_depth; n++) sum += left[i][n] * right[j][n];
    total += sum;
  }
  return total;
}

// One block per tile of each product: gridDim = [maximum of tiles per product, products].
KERNEL void __launch_bounds__(256)
    limit_norms_partials(double *__restrict__ partials, const float *__restrict__ p,
                         const LowRank *__restrict__ table) {
  const LowRank product = table[blockIdx.y];
  const u32 side = product.side();
  const u32 first = blockIdx.x / side * tile_side, second = blockIdx.x % side * tile_side;
  double sum = 0.0;
  if (blockIdx.x < side * side && first <= second) {
    const u32 rank = product.rank;
    const float up = tile_product(p + product.up, first, second, rank, product.outputs, 1, rank);
    const float down =
        tile_product(p + product.down, first, second, rank, product.inputs, product.inputs, 1);
    sum = block_sum(double(up) * down) * (first < second ? 2.0 : 1.0);
  }
  if (threadIdx.x == 0) partials[blockIdx.y * gridDim.x + blockIdx.x] = sum;
}

// One block per product: gridDim = products. `tiles`: gridDim.x of the first kernel.
KERNEL void __launch_bounds__(256)
    limit_norms(float *__restrict__ p, const double *__restrict__ partials,
                const LowRank *__restrict__ table, float limit, u32 tiles) {
  const LowRank product = table[blockIdx.x];
  double sum = 0.0;
  for (u32 i = threadIdx.x; i < tiles; i += blockDim.x) sum += partials[blockIdx.x * tiles + i];
  sum = block_sum(sum);
  const float norm = fabsf(product.scale) * float(sqrt(sum > 0.0 ? sum : 0.0));
  if (!(norm > limit)) return;
  const float factor = sqrtf(limit / norm);
  for (u32 i = threadIdx.x; i < product.rank * product.inputs; i += blockDim.x)
    p[product.down + u64(i)] *= factor;
  for (u32 i = threadIdx.x; i < product.rank * product.outputs; i += blockDim.x)
    p[product.up + u64(i)] *= factor;
}
