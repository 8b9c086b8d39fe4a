// CUDA's own words, for the CPU: what the kernels' text says and a C++ compiler does not know.
//
// Shared memory is a variable of the one thread of the system that runs the block; it is not
// cleared from block to block, as on a device.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "block.hpp"

#define __global__
#define KERNEL static  // each element type has its own
#define __device__
#define __launch_bounds__(...)
#define __shared__ static thread_local

struct uint3 {
  unsigned x, y, z;
};
struct uint4 {
  unsigned x, y, z, w;
};
struct float2 {
  float x, y;
};

extern thread_local uint3 gridDim, blockDim, blockIdx;

namespace emulation {

struct ThreadIndex {
  struct Axis {
    operator unsigned() const { return running->thread(); }
  } x;
};

}  // namespace emulation

// Blocks of one dimension: a kernel that asks for another does not compile here.
static constexpr emulation::ThreadIndex threadIdx;

inline void __syncthreads() { emulation::running->meet_block(); }

template <typename T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  const unsigned lane = emulation::running->thread() % emulation::lanes_of_warp;
  bits = emulation::running->exchange(bits, lane ^ unsigned(mask));
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline float __uint_as_float(unsigned bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline unsigned __float_as_uint(float value) {
  unsigned bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// fp16 as the compiler of the CPU has it.
inline float host_float_of_fp16(uint16_t bits) {
  _Float16 value;
  std::memcpy(&value, &bits, sizeof value);
  return float(value);
}

inline uint16_t host_fp16(float value) {
  const _Float16 half = _Float16(value);
  uint16_t bits;
  std::memcpy(&bits, &half, sizeof bits);
  return bits;
}
