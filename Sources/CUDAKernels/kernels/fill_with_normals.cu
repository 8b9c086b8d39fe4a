// Standard normal numbers: x[i] is number offset + i of a stream.
//
//   x      [count]   activations
//   draw   [3]       seed, stream, offset
//
// The draw is read from the device's memory, so that a step recorded as a graph draws new noise
// when it is replayed. The words are the CPU's, bit by bit; the logarithm, the sine and the cosine
// of a device differ from the CPU's in the last places of float32.
//
// CPU twin: Tensors/Philox.swift, `normals(count:offset:)`.
#include "common.cuh"

// Each thread makes the four numbers of one block of the generator; the first and the last block
// may lie partly outside: gridDim = ⌈(⌈count / 4⌉ + 1) / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    fill_with_normals(Element *__restrict__ x, const u64 *__restrict__ draw, u64 count) {
  const u64 thread = u64(blockIdx.x) * blockDim.x + threadIdx.x;
  const u64 offset = draw[2];
  const uint4 words = philox_words(draw[0], draw[1], offset / 4 + thread);
  const float2 first = normal_pair(words.x, words.y), second = normal_pair(words.z, words.w);
  const float numbers[4] = {first.x, first.y, second.x, second.y};
  for (u32 k = 0; k < 4; k++) {
    const u64 number = 4 * thread + k, skipped = offset % 4;
    if (number >= skipped && number - skipped < count)
      x[number - skipped] = rounded<Element>(numbers[k]);
  }
}
