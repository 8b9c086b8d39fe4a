// Standard normal numbers: x[i] is number offset + i of a stream.
//
//   x      [count]   float32, bf16 or fp16
//   draw   [3]       seed, stream, offset
//
// The draw is read from the device's memory, so that a step recorded as a graph draws new noise
// when it is replayed. The words are the CPU's, bit by bit; the logarithm, the sine and the cosine
// of a device differ from the CPU's in the last places of float32.
//
// CPU twin: Tensors/Philox.swift, `normals(count:offset:)`.
#include "common.cuh"

// A thread makes the four numbers of a block of the generator, of which the first and the last
// block may lie partly outside: gridDim = ⌈(⌈count / 4⌉ + 1) / blockDim.x⌉.
template <typename T>
__device__ void fill_with_normals(T *__restrict__ x, const u64 *__restrict__ draw, u64 count) {
  const u64 thread = u64(blockIdx.x) * blockDim.x + threadIdx.x;
  const u64 offset = draw[2];
  const uint4 words = philox_words(draw[0], draw[1], offset / 4 + thread);
  const float2 first = normal_pair(words.x, words.y), second = normal_pair(words.z, words.w);
  const float numbers[4] = {first.x, first.y, second.x, second.y};
  for (u32 k = 0; k < 4; k++) {
    const u64 number = 4 * thread + k, skipped = offset % 4;
    if (number >= skipped && number - skipped < count) x[number - skipped] = rounded<T>(numbers[k]);
  }
}

extern "C" __global__ void __launch_bounds__(256)
    fill_with_normals_f32(float *__restrict__ x, const u64 *__restrict__ draw, u64 count) {
  fill_with_normals(x, draw, count);
}

extern "C" __global__ void __launch_bounds__(256)
    fill_with_normals_f16(fp16 *__restrict__ x, const u64 *__restrict__ draw, u64 count) {
  fill_with_normals(x, draw, count);
}

#ifdef HAS_BF16
extern "C" __global__ void __launch_bounds__(256)
    fill_with_normals_bf16(bf16 *__restrict__ x, const u64 *__restrict__ draw, u64 count) {
  fill_with_normals(x, draw, count);
}
#endif
