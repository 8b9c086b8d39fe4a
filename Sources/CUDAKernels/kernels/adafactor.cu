// Adafactor on flat parameters, in place: second moments factored into means of rows and columns.
//
//   rows, columns = β₂·(old) + (1 − β₂)·(means of g² + ε₁)
//   u = g / √(row · column / mean of rows),  u = u / max(1, rms(u) / clip)
//   ρ = η·max(ε₂, rms(p)), or η;  u = momentum = β₁·momentum + (1 − β₁)·ρ·u where there is one
//   p = p·(1 − λ·ρ) − u
//
//   p, g, momentum   [count]        float32; momentum may be null
//   moments          [moments]      float32: rows, then columns, matrix after matrix
//   row_means        [matrices]     float32: passed from one loop to the next
//   table            [tensors, 8]   int32: one `FactoredTensor` each, see below
//   rates            [8]            η, β₂, λ, clip, 1 to scale by the parameters or 0, ε₁, ε₂, β₁
//
// The elements of a tensor lie as [outer, rows, columns, inner]; each of the outer · inner matrices
// has its own means.
//
// Source: Shazeer and Stern, "Adafactor" (2018), as transformers 4.54 computes it.
// CPU twin: ComputeCPU/Adafactor.swift.
#include "common.cuh"

/// An entry of the table, as the host writes it.
struct Factored {
  u32 offset, outer, rows, columns, inner, moments, row_means, unused;

  __device__ u32 count() const { return outer * rows * columns * inner; }

  __device__ u32 matrices() const { return outer * inner; }

  /// Where the first element of a matrix is.
  __device__ u64 start(u32 matrix) const {
    return u64(offset) + u64(matrix / inner) * rows * columns * inner + matrix % inner;
  }

  __device__ u64 moments_of(u32 matrix) const {
    return u64(moments) + u64(matrix) * (rows + columns);
  }
};

/// Calls `finish(line, mean)` with the mean of each line's `value(line, i)`, i < length.
///
/// A warp adds up each line where lines are long and contiguous in memory, or few; else a thread.
template <typename Value, typename Finish>
__device__ inline void mean_lines(u32 lines, u32 length, bool is_contiguous, Value value,
                                  Finish finish) {
  const bool by_warp = length >= warp_size && (is_contiguous || lines < blockDim.x);
  const u32 team = by_warp ? warp_size : 1;
  for (u32 line = threadIdx.x / team; line < lines; line += blockDim.x / team) {
    float sum = 0.0f;
    for (u32 i = threadIdx.x % team; i < length; i += team) sum += value(line, i);
    if (by_warp) sum = warp_sum(sum);
    if (threadIdx.x % team == 0) finish(line, sum / length);
  }
  __syncthreads();
}

/// g / √(row · column / mean of rows) at an element of the tensor.
__device__ inline float factored_update(const Factored &tensor, const float *g,
                                        const float *moments, const float *row_means, u32 i) {
  const u32 inner = i % tensor.inner, rest = i / tensor.inner;
  const u32 column = rest % tensor.columns, row = rest / tensor.columns % tensor.rows;
  const u32 matrix = rest / tensor.columns / tensor.rows * tensor.inner + inner;
  const float *factors = moments + tensor.moments_of(matrix);
  const float mean = row_means[tensor.row_means + matrix];
  return g[tensor.offset + u64(i)] / sqrtf(factors[row] / mean) /
         sqrtf(factors[tensor.rows + column]);
}

// One block per tensor: gridDim = tensors.
KERNEL void __launch_bounds__(512)
    adafactor(float *__restrict__ p, const float *__restrict__ g, float *moments, float *momentum,
              float *row_means, const Factored *__restrict__ table,
              const float *__restrict__ rates) {
  const Factored tensor = table[blockIdx.x];
  const u32 rows = tensor.rows, columns = tensor.columns, inner = tensor.inner;
  const float beta2 = rates[1], epsilon = rates[5];

  const auto square = [&](u32 matrix, u32 row, u32 column) {
    const float gradient = g[tensor.start(matrix) + (u64(row) * columns + column) * inner];
    return gradient * gradient + epsilon;
  };
  const auto run_on = [&](u64 place, float mean) {
    moments[place] = beta2 * moments[place] + (1.0f - beta2) * mean;
  };
  // Lines by row, then by matrix, so that threads side by side read what lies side by side.
  const u32 matrices = tensor.matrices();
  mean_lines(
      rows * matrices, columns, inner == 1,
      [&](u32 line, u32 i) { return square(line % matrices, line / matrices, i); },
      [&](u32 line, float mean) {
        run_on(tensor.moments_of(line % matrices) + line / matrices, mean);
      });
  mean_lines(
      columns * matrices, rows, false,
      [&](u32 line, u32 i) { return square(line % matrices, i, line / matrices); },
      [&](u32 line, float mean) {
        run_on(tensor.moments_of(line % matrices) + rows + line / matrices, mean);
      });
  mean_lines(
      matrices, rows, true, [&](u32 line, u32 i) { return moments[tensor.moments_of(line) + i]; },
      [&](u32 line, float mean) { row_means[tensor.row_means + line] = mean; });

  const u32 count = tensor.count();
  float sums[2] = {};
  for (u32 i = threadIdx.x; i < count; i += blockDim.x) {
    const float update = factored_update(tensor, g, moments, row_means, i);
    const float parameter = p[tensor.offset + u64(i)];
    sums[0] += update * update;
    sums[1] += parameter * parameter;
  }
  const double update_squares = block_sum(double(sums[0]));
  const double parameter_squares = block_sum(double(sums[1]));
  const float size = float(sqrt(update_squares / count)) / rates[3];
  const float clip = size > 1.0f ? 1.0f / size : 1.0f;
  const float parameters = float(sqrt(parameter_squares / count));
  const float scale = parameters > rates[6] ? parameters : rates[6];
  const float rate = rates[0] * (rates[4] != 0.0f ? scale : 1.0f);

  for (u32 i = threadIdx.x; i < count; i += blockDim.x) {
    const u64 place = tensor.offset + u64(i);
    float step = factored_update(tensor, g, moments, row_means, i) * clip * rate;
    if (momentum) {
      step = momentum[place] * rates[7] + step * (1.0f - rates[7]);
      momentum[place] = step;
    }
    p[place] = p[place] * (1.0f - rates[2] * rate) - step;
  }
}
