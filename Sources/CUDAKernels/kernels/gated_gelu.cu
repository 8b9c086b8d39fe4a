// Half of the channels times the GELU of the other half.
//
//   gated_gelu            y = a·gelu(g)
//   gated_gelu_backward   da = dy·gelu(g),  dg = dy·a·gelu′(g), or added to dx
//
//   x, dx   [rows, 2·width]   activations: a row is [a | g]
//   y, dy   [rows, width]     activations
//
// CPU twin: ComputeCPU/GatedGELU.swift.
#include "activations.cuh"
#include "rows.cuh"

// Both: one thread per pack of a row of y, gridDim = ⌈rows · ⌈width / pack_count⌉ / blockDim.x⌉.

KERNEL void __launch_bounds__(256)
    gated_gelu(const Element *__restrict__ x, Element *__restrict__ y, u32 rows, u32 width) {
  const auto [row, column, lanes] = row_pack(width);
  if (row >= rows) return;
  const bool in_packs = width % pack_count == 0;
  const Element *a = x + u64(row) * 2 * width + column;
  float values[pack_count], gates[pack_count];
  load_lanes(values, a, lanes, in_packs);
  load_lanes(gates, a + width, lanes, in_packs);
  activate_pack(gates, gelu);
#pragma unroll
  for (int k = 0; k < pack_count; k++) values[k] *= gates[k];
  store_lanes(y + u64(row) * width + column, values, lanes, in_packs);
}

KERNEL void __launch_bounds__(256)
    gated_gelu_backward(const Element *__restrict__ x, const Element *__restrict__ dy,
                        Element *__restrict__ dx, int accumulating, u32 rows, u32 width) {
  const auto [row, column, lanes] = row_pack(width);
  if (row >= rows) return;
  const bool in_packs = width % pack_count == 0;
  const u64 start = u64(row) * 2 * width + column;
  float values[pack_count], gates[pack_count], gradient[pack_count], gate_gradient[pack_count];
  load_lanes(values, x + start, lanes, in_packs);
  load_lanes(gates, x + start + width, lanes, in_packs);
  load_lanes(gradient, dy + u64(row) * width + column, lanes, in_packs);
#pragma unroll
  for (int k = 0; k < pack_count; k++) {
    const float probability = normal_probability(gates[k]);
    gate_gradient[k] = gradient[k] * values[k] * gelu_slope(gates[k], probability);
    gradient[k] *= gates[k] * probability;
  }
  store_lanes(dx + start, gradient, lanes, in_packs, accumulating);
  store_lanes(dx + start + width, gate_gradient, lanes, in_packs, accumulating);
}
