// Tensor cores: products of small matrices that the 32 lanes of a warp hold together.
//
// Matrices are cut into squares of 8 × 8. Of a square, lane 4·g + t holds the elements (g, 2t) and
// (g, 2t + 1): one word of two 16-bit elements, or two float32 of a sum.
//
// On the CPU, in the tests, each instruction stands as a loop over what the lanes show each other.
#pragma once

#include "common.cuh"

/// Products are of bf16 or of fp16.
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

template <typename T>
__device__ inline void multiply_add(float (&sums)[4], const u32 (&a)[2], u32 b) {
#ifdef __CUDA_ARCH__
  if constexpr (is_bf16<T>)
    asm("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(b));
  else
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(b));
#else
  struct Squares {
    u32 a[2], b;
  };
  const Squares *const lanes = host_shown_by_lanes(Squares{{a[0], a[1]}, b});
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
  if constexpr (is_bf16<T>)
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(next_a[0]), "r"(next_a[1]), "r"(b), "r"(next_b));
  else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(a[0]), "r"(a[1]), "r"(next_a[0]), "r"(next_a[1]), "r"(b), "r"(next_b));
#else  // the CPU, and devices before 8.0
  multiply_add<T>(sums, a, b);
  multiply_add<T>(sums, next_a, next_b);
#endif
}

// MARK: Squares from shared memory

// Lane 8·i + r tells where row r of square i lies, at a multiple of 16 bytes.

template <typename T>
__device__ inline void load_squares(u32 (&squares)[4], const T *row) {
#ifdef __CUDA_ARCH__
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(squares[0]), "=r"(squares[1]), "=r"(squares[2]), "=r"(squares[3])
               : "r"(u32(__cvta_generic_to_shared(row)))
               : "memory");
#else
  const T *const *const rows = host_shown_by_lanes(row);
  const u32 g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
  for (int i = 0; i < 4; i++) {
    const T *const line = rows[8 * i + g];
    squares[i] = line[2 * t].bits | u32(line[2 * t + 1].bits) << 16;
  }
#endif
}

/// The transposes of two or four squares.
template <int count, typename T>
__device__ inline void load_transposed_squares(u32 (&squares)[count], const T *row) {
  static_assert(count == 2 || count == 4);
#ifdef __CUDA_ARCH__
  const u32 address = u32(__cvta_generic_to_shared(row));
  if constexpr (count == 4)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(squares[0]), "=r"(squares[1]), "=r"(squares[2]), "=r"(squares[3])
                 : "r"(address)
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(squares[0]), "=r"(squares[1])
                 : "r"(address)
                 : "memory");
#else
  const T *const *const rows = host_shown_by_lanes(row);
  const u32 g = threadIdx.x % warp_size / 4, t = threadIdx.x % 4;
  for (int i = 0; i < count; i++) {
    const T *const *const square = rows + 8 * i;
    squares[i] = square[2 * t][g].bits | u32(square[2 * t + 1][g].bits) << 16;
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
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from),
                 "r"(count)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(address), "l"(from),
                 "r"(count)
                 : "memory");
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
