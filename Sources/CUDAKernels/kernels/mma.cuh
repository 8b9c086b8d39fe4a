// Tensor cores: products of small matrices that the 32 lanes of a warp hold together.
//
// Matrices are cut into squares of 8 × 8. Of a square, lane 4·g + t holds the elements (g, 2t) and
// (g, 2t + 1): one word of two 16-bit elements, or two float32 of a sum.
//
// On the CPU, in the tests, each instruction stands as a loop over what the lanes show each other.
#pragma once

#include "common.cuh"

/// The type of 16 bits whose products are wanted: bf16 or fp16.
template <typename T>
constexpr bool is_bf16 = false;
template <>
constexpr bool is_bf16<bf16> = true;

/// Two numbers, rounded, in one word: `low` in the lower half.
template <typename T>
__device__ inline u32 packed(float low, float high) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  u32 word;
  if constexpr (is_bf16<T>)
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
  else
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
  return word;
#else
  return u32(rounded<T>(low).bits) | u32(rounded<T>(high).bits) << 16;
#endif
}

/// The numbers in the lower and in the upper half of a word.
template <typename T>
__device__ inline float2 unpacked(u32 word) {
  return {to_float(T{u16(word)}), to_float(T{u16(word >> 16)})};
}

/// 2ˣ, where 2⁻∞ = 0; what would be subnormal is 0.
__device__ inline float exp2_approximate(float x) {
#ifdef __CUDA_ARCH__
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
#else
  return exp2f(x);
#endif
}

// MARK: Products

// sums[16, 8] += a[16, k] · b[k, 8] with k = 8 or 16. `sums` holds the squares of rows 0–7 and 8–15.
// `a` has two squares for each 8 of k, one above the other; `b` one, of its transpose.

#define LORA_MMA(shape, type) "mma.sync.aligned." shape ".row.col.f32." type "." type ".f32 "
#define LORA_SUMS "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])

template <typename T>
__device__ inline void multiply_add(float (&sums)[4], const u32 (&a)[2], u32 b) {
#ifdef __CUDA_ARCH__
#define LORA_WORDS "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
  if constexpr (is_bf16<T>)
    asm(LORA_MMA("m16n8k8", "bf16") LORA_WORDS : LORA_SUMS : "r"(a[0]), "r"(a[1]), "r"(b));
  else
    asm(LORA_MMA("m16n8k8", "f16") LORA_WORDS : LORA_SUMS : "r"(a[0]), "r"(a[1]), "r"(b));
#undef LORA_WORDS
#else
  struct Squares {
    u32 a[2], b;
  };
  const Squares *lanes = host_shown_by_lanes(Squares{{a[0], a[1]}, b});
  const u32 g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
  for (u32 i = 0; i < 4; i++) {
    const u32 half = i / 2, column = 2 * t + i % 2;
    for (u32 k = 0; k < 4; k++) {
      const float2 left = unpacked<T>(lanes[4 * g + k].a[half]);
      const float2 right = unpacked<T>(lanes[4 * column + k].b);
      sums[i] += left.x * right.x + left.y * right.y;
    }
  }
#endif
}

template <typename T>
__device__ inline void multiply_add(float (&sums)[4], const u32 (&a)[2], const u32 (&next_a)[2],
                                    u32 b, u32 next_b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
#define LORA_WORDS "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
#define LORA_FACTORS "r"(a[0]), "r"(a[1]), "r"(next_a[0]), "r"(next_a[1]), "r"(b), "r"(next_b)
  if constexpr (is_bf16<T>)
    asm(LORA_MMA("m16n8k16", "bf16") LORA_WORDS : LORA_SUMS : LORA_FACTORS);
  else
    asm(LORA_MMA("m16n8k16", "f16") LORA_WORDS : LORA_SUMS : LORA_FACTORS);
#undef LORA_FACTORS
#undef LORA_WORDS
#else  // the CPU, and devices before 8.0
  multiply_add<T>(sums, a, b);
  multiply_add<T>(sums, next_a, next_b);
#endif
}

#undef LORA_SUMS
#undef LORA_MMA

// MARK: Squares from shared memory

/// Two or four squares. Lane 8·i + r tells where row r of square i lies, at a multiple of 16 bytes.
template <bool is_transposed, int count, typename T>
__device__ inline void load_squares(u32 (&squares)[count], const T *row) {
  static_assert(count == 2 || count == 4);
#ifdef __CUDA_ARCH__
  const u32 address = u32(__cvta_generic_to_shared(row));
#define LORA_LOAD(shape) "ldmatrix.sync.aligned.m8n8." shape ".shared.b16 "
  if constexpr (count == 4) {
#define LORA_RESULT "=r"(squares[0]), "=r"(squares[1]), "=r"(squares[2]), "=r"(squares[3])
    if constexpr (is_transposed)
      asm volatile(LORA_LOAD("x4.trans") "{%0, %1, %2, %3}, [%4];"
                   : LORA_RESULT : "r"(address) : "memory");
    else
      asm volatile(LORA_LOAD("x4") "{%0, %1, %2, %3}, [%4];"
                   : LORA_RESULT : "r"(address) : "memory");
#undef LORA_RESULT
  } else {
#define LORA_RESULT "=r"(squares[0]), "=r"(squares[1])
    if constexpr (is_transposed)
      asm volatile(LORA_LOAD("x2.trans") "{%0, %1}, [%2];"
                   : LORA_RESULT : "r"(address) : "memory");
    else
      asm volatile(LORA_LOAD("x2") "{%0, %1}, [%2];" : LORA_RESULT : "r"(address) : "memory");
#undef LORA_RESULT
  }
#undef LORA_LOAD
#else
  const T *const *rows = host_shown_by_lanes(row);
  const u32 g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
  for (int i = 0; i < count; i++) {
    const T *const *square = rows + 8 * i;
    squares[i] = is_transposed ? square[2 * t][g].bits | u32(square[2 * t + 1][g].bits) << 16
                               : square[g][2 * t].bits | u32(square[g][2 * t + 1].bits) << 16;
  }
#endif
}

// MARK: Copies into shared memory

/// Starts to copy 4 or 16 bytes, or writes zeros; `to` and `from` lie at multiples of as many.
///
/// Done when `await_copies` says so. Devices before 8.0 copy at once.
template <int bytes>
__device__ inline void copy_async(void *to, const void *from, bool is_there) {
  static_assert(bytes == 4 || bytes == 16);
#if !defined(__CUDA_ARCH__)
  host_copy_async(to, from, bytes, is_there);
#elif __CUDA_ARCH__ >= 800
  const u32 address = u32(__cvta_generic_to_shared(to));
  const int count = is_there ? bytes : 0;  // of what is copied; the rest is filled with zeros
  if constexpr (bytes == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :: "r"(address), "l"(from), "r"(count) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
                 :: "r"(address), "l"(from), "r"(count) : "memory");
#else
  if constexpr (bytes == 16)
    *static_cast<uint4 *>(to) = is_there ? *static_cast<const uint4 *>(from) : uint4{0, 0, 0, 0};
  else
    *static_cast<u32 *>(to) = is_there ? *static_cast<const u32 *>(from) : 0;
#endif
}

/// Waits for the copies that this thread has started; the others' are there after __syncthreads.
__device__ inline void await_copies() {
#if !defined(__CUDA_ARCH__)
  host_await_copies();
#elif __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}
