// Group normalization, with the activation behind it.
//
//   x̂ = (x − mean)·r with r = 1/√(variance + ε) over a group of channels and all pixels of a sample
//   z = γ·x̂ + β,  y = f(z)
//   dz = dy·f′(z),  dx = r·(γ·dz − average of γ·dz − x̂ · average of γ·dz·x̂), or added to dx
//
//   x, y, dy, dx   [samples, pixels, channels]      activations
//   weight, bias   [channels]                       float32: γ, β
//   partials       [samples, pieces, 2, channels]   float32: sums over the pixels of a piece
//   statistics     [2, samples, groups]             float32: mean, r
//   terms          [2, samples, groups]             float32: the factor of x − mean in dx, and
//                                                   the addend
//
// Three kernels in each direction: sums over pieces of the pixels, which fill the device; the numbers
// of each group; the result. No atomic additions: the same x gives the same bits.
//
// Source: Wu and He, "Group Normalization" (2018). CPU twin: ComputeCPU/GroupNorm.swift.
#include "activations.cuh"
#include "pixels.cuh"

/// The numbers of each channel of a pack.
struct ChannelNumbers {
  float mean[pack_count], factor[pack_count], bias[pack_count];

  __device__ void load(const PixelPiece &mine, const float *statistics, const float *weight,
                       const float *bias, u32 channels, u32 groups) {
    load_lanes(factor, weight + mine.channel, mine.lanes, true);
    load_lanes(this->bias, bias + mine.channel, mine.lanes, true);
    float inverse[pack_count];
    load_of_groups(mean, statistics, mine, channels, groups);
    load_of_groups(inverse, statistics + gridDim.z * groups, mine, channels, groups);
#pragma unroll
    for (int k = 0; k < pack_count; k++) factor[k] *= inverse[k];
  }

  /// The number of each channel's group, from [samples, groups].
  __device__ static void load_of_groups(float (&result)[pack_count], const float *numbers,
                                        const PixelPiece &mine, u32 channels, u32 groups) {
    const u32 size = channels / groups;
    u32 group = mine.channel / size, rest = mine.channel % size;
    numbers += blockIdx.z * groups;
#pragma unroll
    for (int k = 0; k < pack_count; k++) {
      result[k] = k < mine.lanes ? numbers[group] : 0.0f;
      if (++rest == size) {
        rest = 0;
        group++;
      }
    }
  }
};

/// Both sums of a group, in every thread. `factors`: [channels], or null for 1.
__device__ inline void sum_group(double &first, double &second, const float *partials,
                                 const float *factors, u32 pieces, u32 channels, u32 size) {
  const u32 start = blockIdx.x * size;
  first = second = 0.0;
  for (u32 item = threadIdx.x; item < pieces * size; item += blockDim.x) {
    const u32 channel = start + item % size;
    const u64 place = (u64(blockIdx.y) * pieces + item / size) * 2 * channels + channel;
    const float factor = factors ? factors[channel] : 1.0f;
    first += factor * partials[place];
    second += factor * partials[place + channels];
  }
  first = block_sum(first);
  second = block_sum(second);
}

// MARK: Forward

// Sums of x − o and (x − o)², where o is the group's first number in the sample: sums of x² would
// cancel in the variance where the mean is large.
//
// gridDim = [pieces, parts, samples]: see PixelPiece.
KERNEL void __launch_bounds__(256)
    group_norm_sums(float *__restrict__ partials, const Element *__restrict__ x, u32 pixels,
                    u32 channels, u32 groups, u32 packs, u32 piece) {
  const PixelPiece mine = pixel_piece(pixels, channels, packs, piece);
  const bool in_packs = channels % pack_count == 0;
  const u32 size = channels / groups;
  const Element *sample = x + u64(blockIdx.z) * pixels * channels;
  float origin[pack_count], sums[2][pack_count] = {};
#pragma unroll
  for (int k = 0; k < pack_count; k++) {
    const u32 channel = mine.channel + k;
    origin[k] = k < mine.lanes ? to_float(sample[channel - channel % size]) : 0.0f;
  }
#pragma unroll 4
  for (u64 row = mine.first; row < mine.end; row += mine.step) {
    float numbers[pack_count];
    load_lanes(numbers, x + row * channels + mine.channel, mine.lanes, in_packs);
#pragma unroll
    for (int k = 0; k < pack_count; k++) {
      const float difference = numbers[k] - origin[k];
      sums[0][k] += difference;
      sums[1][k] += difference * difference;
    }
  }
  store_piece_sums(partials, sums, channels, packs);
}

// One block per group: gridDim = [groups, samples].
KERNEL void __launch_bounds__(256)
    group_norm_statistics(float *__restrict__ statistics, const float *__restrict__ partials,
                          const Element *__restrict__ x, float epsilon, u32 pixels, u32 channels,
                          u32 groups, u32 pieces) {
  const u32 size = channels / groups;
  double sum, squares;
  sum_group(sum, squares, partials, nullptr, pieces, channels, size);
  if (threadIdx.x > 0) return;
  const double count = double(pixels) * size, difference = sum / count;
  const double variance = squares / count - difference * difference;
  const double origin = to_float(x[u64(blockIdx.y) * pixels * channels + blockIdx.x * size]);
  float *place = statistics + blockIdx.y * groups + blockIdx.x;
  place[0] = float(origin + difference);
  // Not a larger-or-equal: NaN must stay.
  place[gridDim.y * groups] = float(1.0 / sqrt((variance < 0.0 ? 0.0 : variance) + epsilon));
}

// gridDim = [pieces, parts, samples].
KERNEL void __launch_bounds__(256)
    group_norm(const Element *__restrict__ x, const float *__restrict__ statistics,
               const float *__restrict__ weight, const float *__restrict__ bias,
               Element *__restrict__ y, int activation, u32 pixels, u32 channels, u32 groups,
               u32 packs, u32 piece) {
  const PixelPiece mine = pixel_piece(pixels, channels, packs, piece);
  if (mine.lanes == 0) return;
  const bool in_packs = channels % pack_count == 0;
  ChannelNumbers my;
  my.load(mine, statistics, weight, bias, channels, groups);
#pragma unroll 4
  for (u64 row = mine.first; row < mine.end; row += mine.step) {
    float z[pack_count];
    load_lanes(z, x + row * channels + mine.channel, mine.lanes, in_packs);
#pragma unroll
    for (int k = 0; k < pack_count; k++) z[k] = (z[k] - my.mean[k]) * my.factor[k] + my.bias[k];
    activate_pack(z, activation);
    store_lanes(y + row * channels + mine.channel, z, mine.lanes, in_packs);
  }
}

// MARK: Backward

/// x − mean and dz of a pack.
__device__ inline void load_gradient(float (&dz)[pack_count], float (&difference)[pack_count],
                                     const Element *x, const Element *dy, const ChannelNumbers &my,
                                     int activation, u32 lanes, bool in_packs) {
  load_lanes(difference, x, lanes, in_packs);
  load_lanes(dz, dy, lanes, in_packs);
  float z[pack_count];
#pragma unroll
  for (int k = 0; k < pack_count; k++) {
    difference[k] -= my.mean[k];
    z[k] = difference[k] * my.factor[k] + my.bias[k];
  }
  multiply_by_slope(dz, z, activation);
}

// Sums of dz and dz·(x − mean). gridDim = [pieces, parts, samples].
KERNEL void __launch_bounds__(256)
    group_norm_gradient_sums(float *__restrict__ partials, const Element *__restrict__ x,
                             const Element *__restrict__ dy, const float *__restrict__ statistics,
                             const float *__restrict__ weight, const float *__restrict__ bias,
                             int activation, u32 pixels, u32 channels, u32 groups, u32 packs,
                             u32 piece) {
  const PixelPiece mine = pixel_piece(pixels, channels, packs, piece);
  const bool in_packs = channels % pack_count == 0;
  ChannelNumbers my;
  my.load(mine, statistics, weight, bias, channels, groups);
  float sums[2][pack_count] = {};
#pragma unroll 4
  for (u64 row = mine.first; row < mine.end; row += mine.step) {
    const u64 place = row * channels + mine.channel;
    float dz[pack_count], difference[pack_count];
    load_gradient(dz, difference, x + place, dy + place, my, activation, mine.lanes, in_packs);
#pragma unroll
    for (int k = 0; k < pack_count; k++) {
      sums[0][k] += dz[k];
      sums[1][k] += dz[k] * difference[k];
    }
  }
  store_piece_sums(partials, sums, channels, packs);
}

// One block per group: gridDim = [groups, samples].
KERNEL void __launch_bounds__(256)
    group_norm_terms(float *__restrict__ terms, const float *__restrict__ partials,
                     const float *__restrict__ statistics, const float *__restrict__ weight,
                     u32 pixels, u32 channels, u32 groups, u32 pieces) {
  const u32 size = channels / groups;
  double sum, product;
  sum_group(sum, product, partials, weight, pieces, channels, size);
  if (threadIdx.x > 0) return;
  const u32 place = blockIdx.y * groups + blockIdx.x, second = gridDim.y * groups;
  const double count = double(pixels) * size, inverse = statistics[second + place];
  terms[place] = float(-inverse * inverse * inverse * product / count);
  terms[second + place] = float(-inverse * sum / count);
}

// gridDim = [pieces, parts, samples].
KERNEL void __launch_bounds__(256)
    group_norm_backward(const Element *__restrict__ x, const Element *__restrict__ dy,
                        const float *__restrict__ statistics, const float *__restrict__ terms,
                        const float *__restrict__ weight, const float *__restrict__ bias,
                        Element *__restrict__ dx, int activation, int accumulating, u32 pixels,
                        u32 channels, u32 groups, u32 packs, u32 piece) {
  const PixelPiece mine = pixel_piece(pixels, channels, packs, piece);
  if (mine.lanes == 0) return;
  const bool in_packs = channels % pack_count == 0;
  ChannelNumbers my;
  my.load(mine, statistics, weight, bias, channels, groups);
  float slopes[pack_count], offsets[pack_count];
  my.load_of_groups(slopes, terms, mine, channels, groups);
  my.load_of_groups(offsets, terms + gridDim.z * groups, mine, channels, groups);
#pragma unroll 2
  for (u64 row = mine.first; row < mine.end; row += mine.step) {
    const u64 place = row * channels + mine.channel;
    float dz[pack_count], difference[pack_count];
    load_gradient(dz, difference, x + place, dy + place, my, activation, mine.lanes, in_packs);
#pragma unroll
    for (int k = 0; k < pack_count; k++)
      dz[k] = my.factor[k] * dz[k] + slopes[k] * difference[k] + offsets[k];
    store_lanes(dx + place, dz, mine.lanes, in_packs, accumulating);
  }
}
