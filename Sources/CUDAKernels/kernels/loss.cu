// A loss and its gradient.
//
//   d = p − y;  loss_b = weight_b · average of mask · distance(d);  loss = average of loss_b
//
//   prediction   [samples, size]          activations; size = pixels · channels
//   target       [samples, size]          float32
//   weights      [samples]                float32
//   thresholds   [samples]                float32, or null for 1: c of the Huber distances
//   mask         [samples, pixels]        float32, or null for 1
//   gradient     [samples, size]          float32: of the loss with respect to the prediction
//   partials     [samples, pieces]        float32: what the first kernel tells the second
//   per_sample   [samples], loss [1]      float32
//
// Always in the same order, so that the same prediction gives the same bits.
// CPU twin: ComputeCPU/Loss.swift.
#include "rows.cuh"

/// The cases of Compute's `Distance`.
enum DistanceKind { squared = 0, absolute = 1, huber = 2, smooth_absolute = 3 };

/// The distance at a difference; `slope` is its derivative.
__device__ inline float distance(float difference, float c, int kind, float &slope) {
  switch (kind) {
    case squared:
      slope = 2.0f * difference;
      return difference * difference;
    case absolute:
      slope = difference > 0.0f ? 1.0f : difference < 0.0f ? -1.0f : 0.0f;
      return fabsf(difference);
    default:
      const float root = sqrtf(difference * difference + c * c);
      const float factor = kind == huber ? 2.0f * c : 2.0f;
      slope = factor * difference / root;
      // (√(d² + c²) − c) without cancellation for small d
      return factor * difference * difference / (root + c);
  }
}

// One thread per pack of a sample: gridDim = [pieces, samples], a piece is
// blockDim.x · pack_count elements.
KERNEL void __launch_bounds__(256)
    loss_of_pieces(float *__restrict__ partials, float *__restrict__ gradient,
                   const Element *__restrict__ prediction, const float *__restrict__ target,
                   const float *__restrict__ weights, const float *__restrict__ thresholds,
                   const float *__restrict__ mask, int kind, u32 size, u32 channels) {
  const u32 sample = blockIdx.y;
  const u64 first = first_in_pack(), start = sample * u64(size);
  const float c = thresholds ? thresholds[sample] : 1.0f;
  const float weight = weights[sample] / float(size), share = weight / float(gridDim.y);
  float sum = 0.0f;
  if (first < size) {
    const bool in_packs = size % pack_count == 0;
    const u32 lanes = size - first < pack_count ? u32(size - first) : pack_count;
    float p[pack_count], y[pack_count];
    load_lanes(p, prediction + start + first, lanes, in_packs);
    load_lanes(y, target + start + first, lanes, in_packs);
#pragma unroll
    for (int k = 0; k < pack_count; k++) {
      if (k >= lanes) break;
      float slope, factor = mask ? mask[(start + first + k) / channels] : 1.0f;
      sum += factor * distance(p[k] - y[k], c, kind, slope);
      p[k] = slope * factor * share;
    }
    store_lanes(gradient + start + first, p, lanes, in_packs);
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) partials[sample * gridDim.x + blockIdx.x] = sum;
}

// One block.
KERNEL void __launch_bounds__(256)
    loss(float *__restrict__ loss, float *__restrict__ per_sample,
         const float *__restrict__ partials, const float *__restrict__ weights, u32 samples,
         u32 pieces, u32 size) {
  double total = 0.0;
  for (u32 sample = 0; sample < samples; sample++) {
    double sum = 0.0;
    for (u32 piece = threadIdx.x; piece < pieces; piece += blockDim.x)
      sum += partials[sample * pieces + piece];
    const float weighted = float(block_sum(sum) * (weights[sample] / float(size)));
    if (threadIdx.x == 0) per_sample[sample] = weighted;
    total += weighted;
  }
  if (threadIdx.x == 0) *loss = float(total / samples);
}
