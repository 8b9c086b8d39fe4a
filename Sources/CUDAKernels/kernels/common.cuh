// Shared by all kernels: element types, packs, sums over threads, random numbers.
//
// A file is compiled for one type of activations at a time: ELEMENT is float, bf16 or fp16.
// Parameters, their gradients and statistics are always float32.
//
// NVRTC comes without headers, so nothing is included: bf16 and fp16 are kept as bits, and changed
// by one instruction each. The tests compile the same text for the CPU, with a header that defines
// CUDA's own words; code for devices alone is behind __CUDA_ARCH__.
#pragma once

using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;

constexpr int warp_size = 32;
constexpr u32 all_lanes = 0xffffffff;

// Devices before 8.0 have no instructions for bf16: nothing is compiled for it there.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define HAS_BF16 1
#endif

// A function that the host launches by its plain name.
#ifndef KERNEL
#define KERNEL extern "C" __global__
#endif

#ifndef ELEMENT
#define ELEMENT float
#endif

// MARK: Element types

struct bf16 {
  u16 bits;
};

struct fp16 {
  u16 bits;
};

__device__ inline float to_float(float x) { return x; }
__device__ inline float to_float(bf16 x) { return __uint_as_float(u32(x.bits) << 16); }

__device__ inline float to_float(fp16 x) {
#ifdef __CUDA_ARCH__
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(x.bits));
  return result;
#else
  return host_float_of_fp16(x.bits);
#endif
}

/// The nearest number of type T; of two as near, the even one.
template <typename T>
__device__ T rounded(float x);

template <>
__device__ inline float rounded<float>(float x) {
  return x;
}

template <>
__device__ inline fp16 rounded<fp16>(float x) {
#ifdef __CUDA_ARCH__
  fp16 result;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(x));
  return result;
#else
  return {host_fp16(x)};
#endif
}

#ifdef HAS_BF16
template <>
__device__ inline bf16 rounded<bf16>(float x) {
#ifdef __CUDA_ARCH__
  bf16 result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(x));
  return result;
#else
  const u32 bits = __float_as_uint(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return {0x7fff};  // as the instruction writes NaN
  return {u16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
#endif
}
#endif

/// The type of activations and base weights in this compilation.
using Element = ELEMENT;

/// 16 bytes at a multiple of 16: a device loads them by one instruction.
template <typename T>
struct alignas(16) Pack {
  static constexpr int count = 16 / sizeof(T);
  T x[count];
};

/// Elements in a pack of activations: 4 or 8.
constexpr int pack_count = Pack<Element>::count;

/// The first element of this thread's pack, where a kernel has a thread for each pack.
__device__ inline u64 first_in_pack() {
  return (u64(blockIdx.x) * blockDim.x + threadIdx.x) * pack_count;
}

/// Whether packs of x lie at multiples of 16 bytes: slices of tensors need not.
template <typename T>
__device__ inline bool is_aligned(const T *x) {
  return (reinterpret_cast<u64>(x) & 15) == 0;
}

/// The pack at `first` of `count` elements as float32; zeros beyond the end.
template <typename T>
__device__ inline void load_pack(float (&numbers)[pack_count], const T *x, u64 first, u64 count) {
  constexpr int step = Pack<T>::count;
  if (first + pack_count <= count && is_aligned(x)) {
#pragma unroll
    for (int part = 0; part < pack_count; part += step) {
      const Pack<T> pack = *reinterpret_cast<const Pack<T> *>(x + first + part);
#pragma unroll
      for (int k = 0; k < step && k < pack_count; k++) numbers[part + k] = to_float(pack.x[k]);
    }
    return;
  }
#pragma unroll
  for (int k = 0; k < pack_count; k++) {
    numbers[k] = first + k < count ? to_float(x[first + k]) : 0.0f;
  }
}

/// Writes the numbers to the pack at `first` of `count` elements, rounded; none beyond the end.
template <typename T>
__device__ inline void store_pack(T *x, const float (&numbers)[pack_count], u64 first, u64 count) {
  constexpr int step = Pack<T>::count;
  if (first + pack_count <= count && is_aligned(x)) {
#pragma unroll
    for (int part = 0; part < pack_count; part += step) {
      Pack<T> pack;
#pragma unroll
      for (int k = 0; k < step && k < pack_count; k++) pack.x[k] = rounded<T>(numbers[part + k]);
      *reinterpret_cast<Pack<T> *>(x + first + part) = pack;
    }
    return;
  }
#pragma unroll
  for (int k = 0; k < pack_count; k++) {
    if (first + k < count) x[first + k] = rounded<T>(numbers[k]);
  }
}

// MARK: Sums

/// The sum of `value` over the warp, in every lane. All 32 lanes take part.
template <typename T>
__device__ inline T warp_sum(T value) {
  for (int offset = warp_size / 2; offset > 0; offset /= 2)
    value += __shfl_xor_sync(all_lanes, value, offset);
  return value;
}

/// The sum of `value` over the block, in every thread.
///
/// blockDim.x is a multiple of 32, at most 1024, and the block has one dimension. All threads take
/// part. The order of additions depends on blockDim.x alone.
template <typename T>
__device__ inline T block_sum(T value) {
  __shared__ T partial[warp_size];
  const u32 lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;

  value = warp_sum(value);
  if (lane == 0) partial[warp] = value;
  __syncthreads();
  value = warp_sum(lane < blockDim.x / warp_size ? partial[lane] : T(0));
  __syncthreads();  // `partial` may be used again at once
  return value;
}

// MARK: Random numbers

/// The four words of one block of a stream: Philox4x32-10, as `Philox.words(block:)`.
__device__ inline uint4 philox_words(u64 seed, u64 stream, u64 block) {
  uint4 counter = {u32(block), u32(block >> 32), u32(stream), u32(stream >> 32)};
  u32 key0 = u32(seed), key1 = u32(seed >> 32);
  for (int round = 0; round < 10; round++) {
    const u64 first = u64(0xd2511f53u) * counter.x;
    const u64 second = u64(0xcd9e8d57u) * counter.z;
    counter = {u32(second >> 32) ^ counter.y ^ key0, u32(second),
               u32(first >> 32) ^ counter.w ^ key1, u32(first)};
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  return counter;
}
