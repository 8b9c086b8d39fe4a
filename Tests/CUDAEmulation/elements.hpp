// Elements of the types that libraries compute with, by cuBLASLt's numbers of them.
#pragma once

#include <cstdlib>

#include "CUDAEmulation.h"
#include "cuda_words.hpp"

namespace emulation {

namespace {
#include "common.cuh"

inline double element(const void *base, int type, int64_t index) {
  switch (type) {
    case LORA_CUDA_R_32F: return static_cast<const float *>(base)[index];
    case LORA_CUDA_R_16F: return to_float(static_cast<const fp16 *>(base)[index]);
    case LORA_CUDA_R_16BF: return to_float(static_cast<const bf16 *>(base)[index]);
  }
  std::abort();
}

inline void store(void *base, int type, int64_t index, double value) {
  switch (type) {
    case LORA_CUDA_R_32F: static_cast<float *>(base)[index] = float(value); return;
    case LORA_CUDA_R_16F: static_cast<fp16 *>(base)[index] = rounded<fp16>(float(value)); return;
    case LORA_CUDA_R_16BF: static_cast<bf16 *>(base)[index] = rounded<bf16>(float(value)); return;
  }
  std::abort();
}

}  // namespace

}  // namespace emulation
