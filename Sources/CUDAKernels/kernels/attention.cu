// Attention on tensor cores, forward: softmax(q kᵀ · scale) v for each head.
//
//   q         [b, queries, q_stride]       head h is the columns h·d ..< (h + 1)·d
//   k, v      [b, keys, k_stride]          the same columns, as in y
//   y         [b, queries, heads · d]
//   log_sums  [b, heads, queries]          float32: log Σ exp of each row of scores
//
// Compiled for bf16 or fp16 and for one HEAD_WIDTH, a multiple of 8; d is at most that. Scores are
// never stored: a warp goes over all keys with the running maximum and sum of its rows, and scales
// its earlier results down when the maximum grows. Sums are float32; weights are rounded to the
// type before they multiply v.
//
// Source: Dao, "FlashAttention-2" (2023). CPU twin: ComputeCPU/Attention.swift.
#include "attention_tile.cuh"

#ifndef HEAD_WIDTH
#define HEAD_WIDTH 64
#endif

constexpr int width = HEAD_WIDTH;
using Tile = Cut<width>;

/// Groups of 16 rows that a warp owns. Each warp reads every tile once, so more rows per warp mean
/// fewer reads; registers set the limit.
constexpr int units = width <= 80 ? 2 : 1;

/// Maximum and sum of the rows g and g + 8 of a warp's sixteen so far, the sum of this thread's
/// columns only.
struct Running {
  float maximum[2];
  float sum[2];
};

/// Makes weights of scores: exp(score − maximum), and scales the result so far for the new maximum.
/// `scale` is that of a score for powers of two.
__device__ inline void exponentiate(Sums<Tile::rows / 8> &scores, Running &running,
                                    Sums<width / 8> &result, float scale) {
#pragma unroll
  for (int half = 0; half < 2; half++) {
    float maximum = running.maximum[half];
#pragma unroll
    for (int n = 0; n < Tile::rows / 8; n++)
      maximum = fmaxf(maximum, fmaxf(scores[n][2 * half], scores[n][2 * half + 1]));
    maximum = fmaxf(maximum, __shfl_xor_sync(all_lanes, maximum, 1));
    maximum = fmaxf(maximum, __shfl_xor_sync(all_lanes, maximum, 2));

    const float offset = maximum * scale;
    const float factor = exp2_approximate(running.maximum[half] * scale - offset);
    float sum = running.sum[half] * factor;
#pragma unroll
    for (int n = 0; n < Tile::rows / 8; n++)
#pragma unroll
      for (int i = 2 * half; i < 2 * half + 2; i++) {
        scores[n][i] = exp2_approximate(scores[n][i] * scale - offset);
        sum += scores[n][i];
      }
    running.maximum[half] = maximum;
    running.sum[half] = sum;
#pragma unroll
    for (int n = 0; n < width / 8; n++) {
      result[n][2 * half] *= factor;
      result[n][2 * half + 1] *= factor;
    }
  }
}

// One block per `64 · units` queries of a head: gridDim = (⌈queries / (64 · units)⌉, b · heads).
KERNEL void __launch_bounds__(128, width <= 40 ? 3 : 2)
    attention(Element *__restrict__ y, float *__restrict__ log_sums, const Element *__restrict__ q,
              const Element *__restrict__ k, const Element *__restrict__ v, int q_stride,
              int k_stride, int v_stride, int queries, int keys, int heads, int head_width,
              float scale, int is_causal) {
  alignas(16) __shared__ Stages<width> stages;

  const HeadRows query_rows(q, queries, q_stride, heads, head_width);
  const HeadRows key_rows(k, keys, k_stride, heads, head_width);
  const HeadRows value_rows(v, keys, v_stride, heads, head_width);
  const int g = threadIdx.x % warp_size / 4;
  const int block_first = blockIdx.x * (attention_warps * units * 16);
  const int block_end = block_first + attention_warps * units * 16;
  const int warp_first = block_first + threadIdx.x / warp_size * (units * 16);
  const int end = is_causal && block_end < keys ? block_end : keys;

  load_stage<width>(stages, 0, key_rows, value_rows, 0);

  Factors<width / 8> factors[units];
  Sums<width / 8> result[units] = {};
  Running running[units];
#pragma unroll
  for (int u = 0; u < units; u++) {
    load_factors<width>(factors[u], query_rows, warp_first + 16 * u);
    running[u] = {{minus_infinity(), minus_infinity()}, {0.0f, 0.0f}};
  }

  const float power_scale = scale * log2_e;
  for (int first = 0, stage = 0; first < end; first += Tile::rows, stage ^= 1) {
    await_copies();
    __syncthreads();  // the tile is there for all, and none reads the one before any more
    if (first + Tile::rows < end)
      load_stage<width>(stages, stage ^ 1, key_rows, value_rows, first + Tile::rows);

    Sums<Tile::rows / 8> scores[units];
    multiply_transposed<width>(scores, factors, stages[stage][0]);
    const int last = first + Tile::rows - 1;
#pragma unroll
    for (int u = 0; u < units; u++) {
      if (last >= keys || (is_causal && last > warp_first + 16 * u))
        hide_keys(scores[u], warp_first + 16 * u, first, keys, is_causal);
      exponentiate(scores[u], running[u], result[u], power_scale);
    }
    multiply_add_tile<width>(result, scores, stages[stage][1]);
  }

#pragma unroll
  for (int u = 0; u < units; u++)
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float sum = running[u].sum[half];
      sum += __shfl_xor_sync(all_lanes, sum, 1);
      sum += __shfl_xor_sync(all_lanes, sum, 2);
      const int row = warp_first + 16 * u + 8 * half + g;
      if (row >= queries) continue;
      const u64 place = u64(blockIdx.y) * queries + row;
      if (threadIdx.x % 4 == 0) log_sums[place] = running[u].maximum[half] * scale + logf(sum);
      store_row(y + place_of_row(row, queries, heads * head_width, heads, head_width), result[u],
                half, 1.0f / sum, head_width);
    }
}
