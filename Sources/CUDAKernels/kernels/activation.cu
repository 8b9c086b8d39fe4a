// A function of each element, and its derivative.
//
//   activate            y = f(x)
//   activate_backward   dx = dy · f′(x), or added to dx
//
// x, y, dy, dx: activations, [count]. f is SiLU, GELU or quick GELU: `ActivationKind`.
//
// CPU twin: ComputeCPU/Activation.swift.
#include "activations.cuh"

// Both: one thread per pack, gridDim = ⌈⌈count / pack_count⌉ / blockDim.x⌉.

KERNEL void __launch_bounds__(256)
    activate(const Element *x, Element *y, int activation, u64 count) {
  float numbers[pack_count];
  load_pack(numbers, x, first_in_pack(), count);
  activate_pack(numbers, activation);
  store_pack(y, numbers, first_in_pack(), count);
}

KERNEL void __launch_bounds__(256)
    activate_backward(const Element *x, const Element *dy, Element *dx, int activation,
                      int accumulating, u64 count) {
  const u64 first = first_in_pack();
  float numbers[pack_count], gradient[pack_count];
  load_pack(numbers, x, first, count);
  load_pack(gradient, dy, first, count);
  multiply_by_slope(gradient, numbers, activation);
  if (accumulating) {
    float addends[pack_count];
    load_pack(addends, dx, first, count);
#pragma unroll
    for (int k = 0; k < pack_count; k++) gradient[k] += addends[k];
  }
  store_pack(dx, gradient, first, count);
}
