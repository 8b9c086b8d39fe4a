// CUDAKernels: the CUDA C++ text of our kernels, embedded at build time.
//
// To add a kernel: write kernels/NAME.cu, then give it its entry in embed.c. ComputeCUDA launches
// it: it reads from the text which parameters the kernel takes.
#ifndef LORA_CUDA_KERNELS_H
#define LORA_CUDA_KERNELS_H

#include <stddef.h>

typedef struct lora_kernel_source {
  const char *_Nonnull name;  // "adamw.cu"
  const char *_Nonnull text;  // ended by a zero byte
} lora_kernel_source;

extern const size_t lora_kernel_source_count;
lora_kernel_source lora_kernel_source_at(size_t index);

// The files that kernels include: "common.cuh" and others.
extern const size_t lora_kernel_header_count;
lora_kernel_source lora_kernel_header_at(size_t index);

#endif
