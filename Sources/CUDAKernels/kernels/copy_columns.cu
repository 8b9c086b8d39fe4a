// Some columns of one matrix, copied to columns of another: concatenation and its gradient.
//
//   y[row, to + i] = x[row, from + i], or added to it, for i < width
//
//   x   [rows, x_channels]   activations
//   y   [rows, y_channels]   activations
//
// CPU twin: ComputeCPU/Concatenation.swift.
#include "rows.cuh"

// One thread per pack of a row, gridDim = ⌈rows · ⌈width / pack_count⌉ / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    copy_columns(const Element *__restrict__ x, Element *__restrict__ y, int accumulating, u32 rows,
                 u32 width, u32 x_channels, u32 from, u32 y_channels, u32 to) {
  const auto [row, column, lanes] = row_pack(width);
  if (row >= rows) return;
  const bool in_packs = (x_channels | from | y_channels | to) % pack_count == 0;
  float numbers[pack_count];
  load_lanes(numbers, x + u64(row) * x_channels + from + column, lanes, in_packs);
  store_lanes(y + u64(row) * y_channels + to + column, numbers, lanes, in_packs, accumulating);
}
