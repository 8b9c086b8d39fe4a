// Attention on tensor cores, backward, for the keys and values: see attention_backward_queries.cu,
// which runs first.
//
//   dk, dv   in the layout of k and v, with their own strides
//   parts    [splits, 2, b, heads, keys, d]   float32: dk and dv of each share of the queries
//
// Where keys are few (77 of a prompt), several blocks share the queries of the same keys, and a
// second kernel adds their parts.
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

using Gradient = Sums<width / 8>[1];

/// Statistics of the queries of a stage: log Σ, then Δ.
using Statistics = float[2][2][Tile::rows];

/// The operands of a block, and the keys and queries that it owns.
struct KeyBlock {
  HeadRows q, k, v, dy;
  const float *log_sums, *delta;
  float scale;
  int is_causal;
  int warp_first;
  int begin, end;

  __device__ void load(Stages<width> &stages, Statistics &statistics, int stage, int first) const {
    load_stage<width>(stages, stage, q, dy, first);
    const int which = threadIdx.x / Tile::rows, row = threadIdx.x % Tile::rows;
    if (which >= 2) return;
    const bool is_there = first + row < q.count;
    copy_async<4>(&statistics[stage][which][row],
                  (which ? delta : log_sums) + (is_there ? first + row : 0), is_there);
  }
};

/// Makes weights of keys that a query does not see 0. Rows begin with the key `row`, columns with
/// the query `first`.
__device__ inline void hide_from_queries(Sums<eights> &weights, int row, int first) {
  const int g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int n = 0; n < eights; n++)
#pragma unroll
    for (int i = 0; i < 4; i++)
      if (row + g + i / 2 * 8 > first + 8 * n + 2 * t + i % 2) weights[n][i] = 0.0f;
}

/// Goes over the queries for dv, for dk, or for both.
template <bool wants_values, bool wants_keys>
__device__ inline void go_over_queries(const KeyBlock &block, Stages<width> &stages,
                                       Statistics &statistics, Gradient &dv, Gradient &dk) {
  const int t = threadIdx.x % 4;
  const float power_scale = block.scale * log2_e;
  if (block.begin < block.end) block.load(stages, statistics, 0, block.begin);
  Factors<width / 8> k_rows[1], v_rows[1];
  load_factors<width>(k_rows[0], block.k, block.warp_first);
  if constexpr (wants_keys) load_factors<width>(v_rows[0], block.v, block.warp_first);

  for (int first = block.begin, stage = 0; first < block.end; first += Tile::rows, stage ^= 1) {
    await_copies();
    __syncthreads();
    if (first + Tile::rows < block.end)
      block.load(stages, statistics, stage ^ 1, first + Tile::rows);

#pragma unroll 1
    for (int part = 0; part < Tile::rows && first + part < block.end; part += Tile::part) {
      const Element *const q_tile = stages[stage][0] + part * Tile::stride;
      const Element *const dy_tile = stages[stage][1] + part * Tile::stride;
      Sums<eights> scores[1], slopes[1];
      multiply_transposed<width>(scores, k_rows, q_tile);
#pragma unroll
      for (int n = 0; n < eights; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
          const int column = part + 8 * n + 2 * t + i % 2;
          const float offset = statistics[stage][0][column] * log2_e;
          scores[0][n][i] = exp2_approximate(scores[0][n][i] * power_scale - offset);
        }
      if (block.is_causal && first + part < block.warp_first + 15)
        hide_from_queries(scores[0], block.warp_first, first + part);
      if constexpr (wants_values) multiply_add_tile<width>(dv, scores, dy_tile);
      if constexpr (wants_keys) {
        multiply_transposed<width>(slopes, v_rows, dy_tile);
#pragma unroll
        for (int n = 0; n < eights; n++)
#pragma unroll
          for (int i = 0; i < 4; i++) {
            const int column = part + 8 * n + 2 * t + i % 2;
            slopes[0][n][i] = scores[0][n][i] * (slopes[0][n][i] - statistics[stage][1][column]);
          }
        multiply_add_tile<width>(dk, slopes, q_tile);
      }
    }
  }
  __syncthreads();  // the stages may be overwritten
}

// One block per 64 keys of a head and a share of the queries:
// gridDim = (⌈keys / 64⌉, b · heads, splits). With one split, `parts` is not used.
KERNEL void __launch_bounds__(128)
    attention_backward_keys(Element *__restrict__ dk, Element *__restrict__ dv,
                            float *__restrict__ parts, const Element *__restrict__ q,
                            const Element *__restrict__ k, const Element *__restrict__ v,
                            const Element *__restrict__ dy, const float *__restrict__ log_sums,
                            const float *__restrict__ delta, int dk_stride, int dv_stride,
                            int q_stride, int k_stride, int v_stride, int queries, int keys,
                            int heads, int head_width, float scale, int is_causal) {
  alignas(16) __shared__ Stages<width> stages;
  alignas(16) __shared__ Statistics statistics;

  const int block_first = blockIdx.x * block_rows;
  const int tiles = (queries + Tile::rows - 1) / Tile::rows;
  const int share = (tiles + gridDim.z - 1) / gridDim.z * Tile::rows;
  const int seen_from = is_causal ? block_first / Tile::rows * Tile::rows : 0;
  const int begin = blockIdx.z * share, end = begin + share;
  const KeyBlock block = {HeadRows(q, queries, q_stride, heads, head_width),
                          HeadRows(k, keys, k_stride, heads, head_width),
                          HeadRows(v, keys, v_stride, heads, head_width),
                          HeadRows(dy, queries, heads * head_width, heads, head_width),
                          log_sums + u64(blockIdx.y) * queries,
                          delta + u64(blockIdx.y) * queries,
                          scale,
                          is_causal,
                          block_first + int(threadIdx.x) / warp_size * 16,
                          begin < seen_from ? seen_from : begin,
                          end < queries ? end : queries};

  const auto store = [&](Element *to, int stride, const Gradient &gradient, int which,
                         float factor) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const int row = block.warp_first + int(threadIdx.x) % warp_size / 4 + 8 * half;
      if (row >= keys) continue;
      if (gridDim.z == 1) {
        store_row(to + place_of_row(row, keys, stride, heads, head_width), gradient[0], half,
                  factor, head_width);
      } else {
        const u64 part = (2 * blockIdx.z + which) * gridDim.y + blockIdx.y;
        store_row(parts + (part * keys + row) * head_width, gradient[0], half, factor, head_width);
      }
    }
  };

  // Both gradients at once, where the registers of a thread hold them.
  if constexpr (width <= 80) {
    Gradient values = {}, slopes = {};
    go_over_queries<true, true>(block, stages, statistics, values, slopes);
    store(dv, dv_stride, values, 1, 1.0f);
    store(dk, dk_stride, slopes, 0, scale);
  } else {
    Gradient gradient = {};
    go_over_queries<true, false>(block, stages, statistics, gradient, gradient);
    store(dv, dv_stride, gradient, 1, 1.0f);
    Gradient slopes = {};
    go_over_queries<false, true>(block, stages, statistics, slopes, slopes);
    store(dk, dk_stride, slopes, 0, scale);
  }
}

// One thread per element of dk and dv, `count` = b · heads · keys · d each:
// gridDim = ⌈2 · count / blockDim.x⌉. The order of additions is that of the splits.
KERNEL void __launch_bounds__(256)
    attention_backward_sum(Element *__restrict__ dk, Element *__restrict__ dv,
                           const float *__restrict__ parts, int dk_stride, int dv_stride, int keys,
                           int heads, int head_width, int splits, u64 count) {
  const u64 index = u64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= 2 * count) return;
  float sum = 0.0f;
  for (int split = 0; split < splits; split++) sum += parts[2 * count * split + index];

  const u64 which = index / count, column = index % head_width, row = index % count / head_width;
  const u64 head = row / keys % heads, sample = row / keys / heads;
  const u64 place = (sample * keys + row % keys) * (which ? dv_stride : dk_stride) +
                    head * head_width + column;
  (which ? dv : dk)[place] = rounded<Element>(sum);
}
