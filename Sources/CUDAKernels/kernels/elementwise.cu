// Operations on each element by itself.
//
//   fill       x = value
//   to_f32     y = x, in float32         from_f32   y = x, rounded
//   add        z = x + y
//   scale      y = x · factor            factor [1]       float32
//   scale_f32  the same for x in float32
//   mask       x = x · m             m [count]        float32
//
// x, y, z: activations, [count]. Tensors that begin at multiples of 16 bytes are read and
// written faster; z may be x or y.
//
// CPU twins: ComputeCPU/Add.swift, Scale.swift, HostAccess.swift.
#include "common.cuh"

// All kernels: a thread for each pack, gridDim = ⌈⌈count / pack_count⌉ / blockDim.x⌉.

KERNEL void __launch_bounds__(256) fill(Element *x, float value, u64 count) {
  float numbers[pack_count];
#pragma unroll
  for (int k = 0; k < pack_count; k++) numbers[k] = value;
  store_pack(x, numbers, first_in_pack(), count);
}

KERNEL void __launch_bounds__(256) to_f32(const Element *x, float *y, u64 count) {
  float numbers[pack_count];
  load_pack(numbers, x, first_in_pack(), count);
  store_pack(y, numbers, first_in_pack(), count);
}

KERNEL void __launch_bounds__(256) from_f32(const float *x, Element *y, u64 count) {
  float numbers[pack_count];
  load_pack(numbers, x, first_in_pack(), count);
  store_pack(y, numbers, first_in_pack(), count);
}

KERNEL void __launch_bounds__(256)
    add(const Element *x, const Element *y, Element *z, u64 count) {
  const u64 first = first_in_pack();
  float a[pack_count], b[pack_count];
  load_pack(a, x, first, count);
  load_pack(b, y, first, count);
#pragma unroll
  for (int k = 0; k < pack_count; k++) a[k] += b[k];
  store_pack(z, a, first, count);
}

template <typename T>
__device__ inline void scale_pack(const T *x, float factor, Element *y, u64 count) {
  float numbers[pack_count];
  load_pack(numbers, x, first_in_pack(), count);
#pragma unroll
  for (int k = 0; k < pack_count; k++) numbers[k] *= factor;
  store_pack(y, numbers, first_in_pack(), count);
}

KERNEL void __launch_bounds__(256)
    scale(const Element *x, const float *__restrict__ factor, Element *y, u64 count) {
  scale_pack(x, *factor, y, count);
}

KERNEL void __launch_bounds__(256)
    scale_f32(const float *x, const float *__restrict__ factor, Element *y, u64 count) {
  scale_pack(x, *factor, y, count);
}

KERNEL void __launch_bounds__(256)
    mask(Element *x, const float *__restrict__ m, u64 count) {
  float numbers[pack_count], factors[pack_count];
  load_pack(numbers, x, first_in_pack(), count);
  load_pack(factors, m, first_in_pack(), count);
#pragma unroll
  for (int k = 0; k < pack_count; k++) numbers[k] *= factors[k];
  store_pack(x, numbers, first_in_pack(), count);
}
