// Attention without tensor cores, forward: for float32, and for heads that are too wide for
// attention.cu (the one head of a VAE has 512 columns).
//
// Formula, operands and their layout are those of attention.cu. Compiled for one HEAD_WIDTH, a
// multiple of 64; a head has at most HEAD_WIDTH columns.
//
// CPU twin: ComputeCPU/Attention.swift.
#include "attention_plain.cuh"

#ifndef HEAD_WIDTH
#define HEAD_WIDTH 64
#endif

constexpr int panels = HEAD_WIDTH / side;

// One block per 64 queries of a head: gridDim = (⌈queries / 64⌉, b · heads).
KERNEL void __launch_bounds__(256)
    attention_plain(Element *__restrict__ y, float *__restrict__ log_sums,
                    const Element *__restrict__ q, const Element *__restrict__ k,
                    const Element *__restrict__ v, int q_stride, int k_stride, int v_stride,
                    int queries, int keys, int heads, int head_width, float scale, int is_causal) {
  alignas(16) __shared__ Shared shared;
  const HeadRows query_rows(q, queries, q_stride, heads, head_width);
  const HeadRows key_rows(k, keys, k_stride, heads, head_width);
  const HeadRows value_rows(v, keys, v_stride, heads, head_width);
  const int block_first = blockIdx.x * side, own = block_first + threadIdx.x / 16 * 4;

  Result<panels> result = {};
  float maxima[4], sums[4] = {};
  for (float &maximum : maxima) maximum = minus_infinity();
  for (int first = 0; first < keys && !(is_causal && first >= block_first + side); first += side) {
    Tile scores;
    multiply_rows(scores, shared, query_rows, block_first, key_rows, first);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float maximum = maxima[i];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int key = first + int(threadIdx.x) % 16 * 4 + j;
        const bool is_seen = key < keys && !(is_causal && key > own + i);
        scores[i][j] = is_seen ? scores[i][j] * scale : minus_infinity();
        maximum = fmaxf(maximum, scores[i][j]);
      }
      for (int offset = 8; offset > 0; offset /= 2)
        maximum = fmaxf(maximum, __shfl_xor_sync(all_lanes, maximum, offset));
      const float factor = expf(maxima[i] - maximum);
      maxima[i] = maximum;
      sums[i] *= factor;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        scores[i][j] = expf(scores[i][j] - maximum);
        sums[i] += scores[i][j];
      }
#pragma unroll
      for (int panel = 0; panel < panels; panel++)
#pragma unroll
        for (int j = 0; j < 4; j++) result[panel][i][j] *= factor;
    }
    multiply_add_rows(result, shared, scores, value_rows, first);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const float sum = sum_of_row(sums[i]);
    if (own + i >= queries) continue;
    if (threadIdx.x % 16 == 0)
      log_sums[u64(blockIdx.y) * queries + own + i] = maxima[i] + logf(sum);
    store_row(y + place_of_row(own + i, queries, heads * head_width, heads, head_width), result, i,
              1.0f / sum, head_width);
  }
}
