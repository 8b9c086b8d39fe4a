// Attention on tensor cores, backward, for the queries.
//
//   p  = exp(q kᵀ · scale − log Σ)     as in the forward pass, computed again
//   dp = dy vᵀ
//   ds = p ∘ (dp − Δ)                  Δ = Σ dy · y per query
//   dq = ds k · scale,  dk = dsᵀ q · scale,  dv = pᵀ dy
//
//   q, k, v, log_sums   as in attention.cu
//   y, dy               [b, queries, heads · d]
//   dq                  in the layout of q, with its own stride
//   delta               [b, heads, queries]   float32: Δ, for attention_backward_keys.cu
//
// One kernel goes over keys for its queries, the other over queries for its keys: p and dp are
// computed twice, so that no sum is spread over several blocks in a random order.
//
// CPU twin: ComputeCPU/AttentionBackward.swift.
#include "attention_tile.cuh"

#ifndef HEAD_WIDTH
#define HEAD_WIDTH 64
#endif

constexpr int width = HEAD_WIDTH;
using Tile = Cut<width>;
constexpr int eights = Tile::part / 8;
constexpr int block_rows = attention_warps * 16;

/// Σ a · b of rows g (`half` 0) and g + 8, in all four lanes that share them.
__device__ inline float product_of_rows(const Factors<width / 8> &a, const Factors<width / 8> &b,
                                        int half) {
  float sum = 0.0f;
#pragma unroll
  for (int k = 0; k < width / 8; k++) {
    const float2 left = unpacked<Element>(a[k][half]), right = unpacked<Element>(b[k][half]);
    sum += left.x * right.x + left.y * right.y;
  }
  sum += __shfl_xor_sync(all_lanes, sum, 1);
  return sum + __shfl_xor_sync(all_lanes, sum, 2);
}

// One block per 64 queries of a head: gridDim = (⌈queries / 64⌉, b · heads).
KERNEL void __launch_bounds__(128)
    attention_backward_queries(Element *__restrict__ dq, float *__restrict__ delta,
                               const Element *__restrict__ q, const Element *__restrict__ k,
                               const Element *__restrict__ v, const Element *__restrict__ y,
                               const Element *__restrict__ dy, const float *__restrict__ log_sums,
                               int dq_stride, int q_stride, int k_stride, int v_stride,
                               int queries, int keys, int heads, int head_width, float scale,
                               int is_causal) {
  alignas(16) __shared__ Stages<width> stages;

  const int y_stride = heads * head_width;
  const HeadRows key_rows(k, keys, k_stride, heads, head_width);
  const HeadRows value_rows(v, keys, v_stride, heads, head_width);
  load_stage<width>(stages, 0, key_rows, value_rows, 0);

  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
  const int block_first = blockIdx.x * block_rows;
  const int warp_first = block_first + threadIdx.x / warp_size * 16;
  const int end = is_causal && block_first + block_rows < keys ? block_first + block_rows : keys;
  const u64 place = u64(blockIdx.y) * queries;

  Factors<width / 8> q_rows[1], dy_rows[1];
  load_factors<width>(q_rows[0], HeadRows(q, queries, q_stride, heads, head_width), warp_first);
  load_factors<width>(dy_rows[0], HeadRows(dy, queries, y_stride, heads, head_width), warp_first);
  float offsets[2], deltas[2];
  {
    Factors<width / 8> y_rows[1];
    load_factors<width>(y_rows[0], HeadRows(y, queries, y_stride, heads, head_width), warp_first);
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const int row = warp_first + g + 8 * half;
      deltas[half] = product_of_rows(dy_rows[0], y_rows[0], half);
      offsets[half] = row < queries ? log_sums[place + row] * log2_e : 0.0f;
      if (t == 0 && row < queries) delta[place + row] = deltas[half];
    }
  }

  Sums<width / 8> gradient[1] = {};
  const float power_scale = scale * log2_e;
  for (int first = 0, stage = 0; first < end; first += Tile::rows, stage ^= 1) {
    await_copies();
    __syncthreads();
    if (first + Tile::rows < end)
      load_stage<width>(stages, stage ^ 1, key_rows, value_rows, first + Tile::rows);

#pragma unroll 1
    for (int part = 0; part < Tile::rows && first + part < end; part += Tile::part) {
      Sums<eights> scores[1], slopes[1];
      const Element *const key_tile = stages[stage][0] + part * Tile::stride;
      multiply_transposed<width>(scores, q_rows, key_tile);
      multiply_transposed<width>(slopes, dy_rows, stages[stage][1] + part * Tile::stride);
      const int last = first + part + Tile::part - 1;
      if (last >= keys || (is_causal && last > warp_first))
        hide_keys(scores[0], warp_first, first + part, keys, is_causal);
#pragma unroll
      for (int n = 0; n < eights; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
          const float p = exp2_approximate(scores[0][n][i] * power_scale - offsets[i / 2]);
          slopes[0][n][i] = p * (slopes[0][n][i] - deltas[i / 2]);
        }
      multiply_add_tile<width>(gradient, slopes, key_tile);
    }
  }

#pragma unroll
  for (int half = 0; half < 2; half++) {
    const int row = warp_first + g + 8 * half;
    if (row < queries)
      store_row(dq + place_of_row(row, queries, dq_stride, heads, head_width), gradient[0], half,
                scale, head_width);
  }
}
