// Attention without tensor cores, backward: see attention_plain.cu for when, and
// attention_backward.cu for the formulas, the operands and their layout.
//
// A kernel for each gradient: what it needs of p and ds is computed again each time, and nothing is
// added up by several blocks. The one for the queries comes first: it leaves Δ for the others.
//
// CPU twin: ComputeCPU/AttentionBackward.swift.
#include "attention_plain.cuh"

#ifndef HEAD_WIDTH
#define HEAD_WIDTH 64
#endif

constexpr int panels = HEAD_WIDTH / side;

/// The operands that are not rows of heads.
struct Plain {
  const float *log_sums, *delta;
  int queries, keys;
  float scale;
  int is_causal;
};

enum class Owner { query, key };

/// exp(score − log Σ), or 0 where the query does not see the key. `owner` says what the rows are.
template <Owner owner>
__device__ inline void exponentiate(Tile &scores, const Plain &plain, int own, int other) {
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int query = owner == Owner::query ? own + i : other + j;
      const int key = owner == Owner::query ? other + j : own + i;
      const bool is_seen = query < plain.queries && key < plain.keys &&
                           !(plain.is_causal && key > query);
      scores[i][j] =
          is_seen ? expf(scores[i][j] * plain.scale - plain.log_sums[query]) : 0.0f;
    }
}

/// p ∘ (dp − Δ) of p and dp.
template <Owner owner>
__device__ inline void differentiate(Tile &slopes, const Tile &weights, const Plain &plain,
                                     int own, int other) {
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int query = owner == Owner::query ? own + i : other + j;
      const float delta = query < plain.queries ? plain.delta[query] : 0.0f;
      slopes[i][j] = weights[i][j] * (slopes[i][j] - delta);
    }
}

/// Writes a block's 64 rows.
__device__ inline void store(Element *gradient, const Result<panels> &result, int count, int stride,
                             int heads, int head_width, float factor) {
  const int own = blockIdx.x * side + threadIdx.x / 16 * 4;
#pragma unroll
  for (int i = 0; i < 4; i++)
    if (own + i < count)
      store_row(gradient + place_of_row(own + i, count, stride, heads, head_width), result, i,
                factor, head_width);
}

/// Δ of this thread's four rows, written by one of the 16 threads that share them.
__device__ inline void compute_delta(float *delta, const HeadRows &y, const HeadRows &dy, int own) {
  for (int i = 0; i < 4; i++) {
    float sum = 0.0f;
    for (int column = threadIdx.x % 16 * 4; column < y.width; column += side) {
      float a[4], b[4];
      load_four(a, y, own + i, column);
      load_four(b, dy, own + i, column);
      for (int k = 0; k < 4; k++) sum += a[k] * b[k];
    }
    sum = sum_of_row(sum);
    if (threadIdx.x % 16 == 0 && own + i < y.count) delta[own + i] = sum;
  }
  __syncthreads();
}

// One block per 64 queries of a head: gridDim = (⌈queries / 64⌉, b · heads).
KERNEL void __launch_bounds__(256)
    attention_plain_backward_queries(Element *__restrict__ dq, float *delta,
                                     const Element *__restrict__ q, const Element *__restrict__ k,
                                     const Element *__restrict__ v, const Element *__restrict__ y,
                                     const Element *__restrict__ dy,
                                     const float *__restrict__ log_sums, int dq_stride,
                                     int q_stride, int k_stride, int v_stride, int queries,
                                     int keys, int heads, int head_width, float scale,
                                     int is_causal) {
  alignas(16) __shared__ Shared shared;
  const int y_stride = heads * head_width;
  const HeadRows query_rows(q, queries, q_stride, heads, head_width);
  const HeadRows key_rows(k, keys, k_stride, heads, head_width);
  const HeadRows value_rows(v, keys, v_stride, heads, head_width);
  const HeadRows gradient_rows(dy, queries, y_stride, heads, head_width);
  delta += u64(blockIdx.y) * queries;
  const Plain plain = {log_sums + u64(blockIdx.y) * queries, delta, queries, keys, scale, is_causal};
  const int block_first = blockIdx.x * side, own = block_first + threadIdx.x / 16 * 4;
  compute_delta(delta, HeadRows(y, queries, y_stride, heads, head_width), gradient_rows, own);

  Result<panels> result = {};
  for (int first = 0; first < keys && !(is_causal && first >= block_first + side); first += side) {
    const int other = first + int(threadIdx.x) % 16 * 4;
    Tile scores, slopes;
    multiply_rows(scores, shared, query_rows, block_first, key_rows, first);
    exponentiate<Owner::query>(scores, plain, own, other);
    multiply_rows(slopes, shared, gradient_rows, block_first, value_rows, first);
    differentiate<Owner::query>(slopes, scores, plain, own, other);
    multiply_add_rows(result, shared, slopes, key_rows, first);
  }
  store(dq, result, queries, dq_stride, heads, head_width, scale);
}

// One block per 64 keys of a head: gridDim = (⌈keys / 64⌉, b · heads).
KERNEL void __launch_bounds__(256)
    attention_plain_backward_keys(Element *__restrict__ dk, const Element *__restrict__ q,
                                  const Element *__restrict__ k, const Element *__restrict__ v,
                                  const Element *__restrict__ dy,
                                  const float *__restrict__ log_sums,
                                  const float *__restrict__ delta, int dk_stride, int q_stride,
                                  int k_stride, int v_stride, int queries, int keys, int heads,
                                  int head_width, float scale, int is_causal) {
  alignas(16) __shared__ Shared shared;
  const HeadRows query_rows(q, queries, q_stride, heads, head_width);
  const HeadRows key_rows(k, keys, k_stride, heads, head_width);
  const HeadRows value_rows(v, keys, v_stride, heads, head_width);
  const HeadRows gradient_rows(dy, queries, heads * head_width, heads, head_width);
  const Plain plain = {log_sums + u64(blockIdx.y) * queries, delta + u64(blockIdx.y) * queries,
                       queries, keys, scale, is_causal};
  const int block_first = blockIdx.x * side, own = block_first + threadIdx.x / 16 * 4;

  Result<panels> result = {};
  for (int first = is_causal ? block_first : 0; first < queries; first += side) {
    const int other = first + int(threadIdx.x) % 16 * 4;
    Tile scores, slopes;
    multiply_rows(scores, shared, key_rows, block_first, query_rows, first);
    exponentiate<Owner::key>(scores, plain, own, other);
    multiply_rows(slopes, shared, value_rows, block_first, gradient_rows, first);
    differentiate<Owner::key>(slopes, scores, plain, own, other);
    multiply_add_rows(result, shared, slopes, query_rows, first);
  }
  store(dk, result, keys, dk_stride, heads, head_width, scale);
}

// One block per 64 values of a head: gridDim = (⌈keys / 64⌉, b · heads).
KERNEL void __launch_bounds__(256)
    attention_plain_backward_values(Element *__restrict__ dv, const Element *__restrict__ q,
                                    const Element *__restrict__ k, const Element *__restrict__ dy,
                                    const float *__restrict__ log_sums, int dv_stride,
                                    int q_stride, int k_stride, int queries, int keys, int heads,
                                    int head_width, float scale, int is_causal) {
  alignas(16) __shared__ Shared shared;
  const HeadRows query_rows(q, queries, q_stride, heads, head_width);
  const HeadRows key_rows(k, keys, k_stride, heads, head_width);
  const HeadRows gradient_rows(dy, queries, heads * head_width, heads, head_width);
  const Plain plain = {log_sums + u64(blockIdx.y) * queries, nullptr, queries, keys, scale,
                       is_causal};
  const int block_first = blockIdx.x * side, own = block_first + threadIdx.x / 16 * 4;

  Result<panels> result = {};
  for (int first = is_causal ? block_first : 0; first < queries; first += side) {
    Tile scores;
    multiply_rows(scores, shared, key_rows, block_first, query_rows, first);
    exponentiate<Owner::key>(scores, plain, own, first + int(threadIdx.x) % 16 * 4);
    multiply_add_rows(result, shared, scores, gradient_rows, first);
  }
  store(dv, result, keys, dv_stride, heads, head_width, 1.0f);
}
