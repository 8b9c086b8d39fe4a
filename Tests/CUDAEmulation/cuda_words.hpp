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
  const unsigned lane = emulation::running->thread() % emulation::lanes_of_warp;
  return emulation::running->shown_by_lanes(value)[lane ^ unsigned(mask)];
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

// What the tensor cores' instructions stand on: see mma.cuh.
template <typename T>
const T *host_shown_by_lanes(const T &value) {
  return emulation::running->shown_by_lanes(value);
}

inline void host_copy_async(void *to, const void *from, size_t bytes, bool is_there) {
  emulation::running->start({to, from, bytes, is_there});
}

inline void host_await_copies() { emulation::running->finish_copies(); }
