// Nearest neighbours: a picture at another extent.
//
//   upsample            y[i, j] = x[⌊i·h / H⌋, ⌊j·w / W⌋]
//   upsample_backward   dx[i, j] = the sum of dy over the pixels that show it, or added to dx
//
//   x, dx   [samples, h, w, channels]   activations
//   y, dy   [samples, H, W, channels]   activations
//
// CPU twin: ComputeCPU/Upsample.swift.
#include "rows.cuh"

// One thread per pack of a pixel of y: gridDim = ⌈pixels · ⌈channels / pack_count⌉ / blockDim.x⌉.
KERNEL void __launch_bounds__(256)
    upsample(const Element *__restrict__ x, Element *__restrict__ y, u32 samples, u32 h, u32 w,
             u32 H, u32 W, u32 channels) {
  const auto [pixel, channel, lanes] = row_pack(channels);
  const u32 line = pixel / W, sample = line / H;
  if (sample >= samples) return;
  const bool in_packs = channels % pack_count == 0;
  const u32 source = (sample * h + line % H * h / H) * w + pixel % W * w / W;
  float numbers[pack_count];
  load_lanes(numbers, x + u64(source) * channels + channel, lanes, in_packs);
  store_lanes(y + u64(pixel) * channels + channel, numbers, lanes, in_packs);
}

// One thread per pack of a pixel of dx, which adds up its pixels of dy in order.
KERNEL void __launch_bounds__(256)
    upsample_backward(const Element *__restrict__ dy, Element *__restrict__ dx, int accumulating,
                      u32 samples, u32 h, u32 w, u32 H, u32 W, u32 channels) {
  const auto [pixel, channel, lanes] = row_pack(channels);
  const u32 line = pixel / w, sample = line / h, i = line % h, j = pixel % w;
  if (sample >= samples) return;
  const bool in_packs = channels % pack_count == 0;
  // The first I with ⌊I·h / H⌋ = i is ⌈i·H / h⌉.
  const u32 top = (i * H + h - 1) / h, bottom = ((i + 1) * H + h - 1) / h;
  const u32 left = (j * W + w - 1) / w, right = ((j + 1) * W + w - 1) / w;
  float sum[pack_count] = {};
  for (u32 I = top; I < bottom; I++) {
    for (u32 J = left; J < right; J++) {
      float numbers[pack_count];
      const u64 source = (u64(sample) * H + I) * W + J;
      load_lanes(numbers, dy + source * channels + channel, lanes, in_packs);
#pragma unroll
      for (int k = 0; k < pack_count; k++) sum[k] += numbers[k];
    }
  }
  store_lanes(dx + u64(pixel) * channels + channel, sum, lanes, in_packs, accumulating);
}
