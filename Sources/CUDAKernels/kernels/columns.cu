// Convolutions as products (im2col): the inputs of each result pixel as rows of a matrix, and back.
//
//   gather_…   columns[r, p, i] = x[pixel that result pixel first + r sees at place p, i], or 0
//   sum_…      x[q, i] = (x[q, i] +) Σ columns[r, p, i], over all r and p that see pixel q
//
//   x         activations, [samples, height, width, inputs]
//   columns   activations, [rows, kernel.height · kernel.width, inputs], a piece of the whole:
//             of the result's pixels first ..< first + rows
//   picture, result, kernel   heights and widths; `before` the rows and columns of zeros above and
//             left of the picture
//
// The sums add in the order of the kernel's places and of the pieces: no atomics, and the same bits
// on every run. Two of each: by packs of 16 bytes, where `inputs` are whole packs and tensors begin
// at multiples of 16 bytes; else by elements.
//
// CPU twin: ComputeCPU/Window.swift.
#include "common.cuh"

struct Extent {
  u32 height, width;
};

// Elements that are moved at once.
template <int n>
struct alignas(n * sizeof(Element)) Run {
  Element x[n];
};

// One warp per row.
template <int n>
__device__ inline void gather_columns(const Element *x, Element *columns, Extent picture, Extent result,
                              Extent kernel, Extent before, u32 stride, u32 inputs, u32 first,
                              u32 rows) {
  const u32 row = blockIdx.x * (blockDim.x / warp_size) + threadIdx.x / warp_size;
  if (row >= rows) return;
  const u32 pixel = first + row;
  const u32 sample = pixel / (result.height * result.width);
  const u32 top = pixel / result.width % result.height * stride;
  const u32 left = pixel % result.width * stride;
  const u32 runs = inputs / n, count = kernel.height * kernel.width * runs;
  const Run<n> *source = reinterpret_cast<const Run<n> *>(x);
  Run<n> *target = reinterpret_cast<Run<n> *>(columns) + u64(row) * count;
  for (u32 k = threadIdx.x % warp_size; k < count; k += warp_size) {
    const u32 place = k / runs;
    // Above and left of the picture these wrap, and are beyond it too.
    const u32 y = top + place / kernel.width - before.height;
    const u32 across = left + place % kernel.width - before.width;
    Run<n> run = {};
    if (y < picture.height && across < picture.width) {
      const u64 at = (u64(sample) * picture.height + y) * picture.width + across;
      run = source[at * runs + k % runs];
    }
    target[k] = run;
  }
}

// One thread per run of elements of x.
template <int n>
__device__ inline void sum_columns(const Element *columns, Element *x, Extent picture, Extent result,
                           Extent kernel, Extent before, u32 stride, u32 inputs, u32 first,
                           u32 rows, u32 pixels, int accumulating) {
  const u32 runs = inputs / n;
  const u64 index = u64(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= u64(pixels) * runs) return;
  const u32 pixel = u32(index / runs), channels = u32(index % runs);
  const u32 sample = pixel / (picture.height * picture.width);
  const u32 y = pixel / picture.width % picture.height + before.height;
  const u32 across = pixel % picture.width + before.width;
  const Run<n> *source = reinterpret_cast<const Run<n> *>(columns);
  const u32 places = kernel.height * kernel.width;
  float sums[n] = {};
  bool is_seen = !accumulating;
  for (u32 place = 0; place < places; place++) {
    // The distance from the first pixel that the result's pixel sees; it wraps where it is negative.
    const u32 down = y - place / kernel.width, right = across - place % kernel.width;
    if (down % stride != 0 || right % stride != 0) continue;
    if (down / stride >= result.height || right / stride >= result.width) continue;
    const u32 row =
        (sample * result.height + down / stride) * result.width + right / stride - first;
    if (row >= rows) continue;
    is_seen = true;
    const Run<n> run = source[(u64(row) * places + place) * runs + channels];
#pragma unroll
    for (int k = 0; k < n; k++) sums[k] += to_float(run.x[k]);
  }
  if (!is_seen) return;
  Run<n> *target = reinterpret_cast<Run<n> *>(x) + index;
  Run<n> run = {};
  if (accumulating) run = *target;
#pragma unroll
  for (int k = 0; k < n; k++) run.x[k] = rounded<Element>(to_float(run.x[k]) + sums[k]);
  *target = run;
}

// Blocks of 256: gridDim = ⌈rows / 8⌉.
KERNEL void __launch_bounds__(256)
    gather_packs(const Element *x, Element *columns, Extent picture, Extent result, Extent kernel,
                 Extent before, u32 stride, u32 inputs, u32 first, u32 rows) {
  gather_columns<pack_count>(x, columns, picture, result, kernel, before, stride, inputs, first, rows);
}

KERNEL void __launch_bounds__(256)
    gather_elements(const Element *x, Element *columns, Extent picture, Extent result,
                    Extent kernel, Extent before, u32 stride, u32 inputs, u32 first, u32 rows) {
  gather_columns<1>(x, columns, picture, result, kernel, before, stride, inputs, first, rows);
}

// Blocks of 256: gridDim = ⌈pixels · inputs / elements of a run / 256⌉.
KERNEL void __launch_bounds__(256)
    sum_packs(const Element *columns, Element *x, Extent picture, Extent result, Extent kernel,
              Extent before, u32 stride, u32 inputs, u32 first, u32 rows, u32 pixels,
              int accumulating) {
  sum_columns<pack_count>(columns, x, picture, result, kernel, before, stride, inputs, first, rows, pixels,
                  accumulating);
}

KERNEL void __launch_bounds__(256)
    sum_elements(const Element *columns, Element *x, Extent picture, Extent result, Extent kernel,
                 Extent before, u32 stride, u32 inputs, u32 first, u32 rows, u32 pixels,
                 int accumulating) {
  sum_columns<1>(columns, x, picture, result, kernel, before, stride, inputs, first, rows, pixels,
         accumulating);
}
