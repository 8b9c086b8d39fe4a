// CUDAKernels: the CUDA C++ text of our kernels, embedded at build time.
//
// To add a kernel: write kernels/NAME.cu, then give it its entry in embed.c. ComputeCUDA launches
// it: it reads from the text which parameters the kernel takes.
#ifndef LORA_CUDA_KERNELS_H
#define LORA_CUDA_KERNELS_H

#include <stddef.h>

typedef struct lora_kernel_file {
  const char *_Nonnull name;  // "adamw.cu", or "common.cuh" of a file that kernels include
  const char *_Nonnull text;  // ended by a zero byte
} lora_kernel_file;

extern const size_t lora_kernel_file_count;
lora_kernel_file lora_kernel_file_at(size_t index);

#endif
