#include "CUDAKernels.h"

static const char common_header[] = {
#embed "kernels/common.cuh" suffix(, )
    0};
static const char adamw[] = {
#embed "kernels/adamw.cu" suffix(, )
    0};
static const char clip[] = {
#embed "kernels/clip.cu" suffix(, )
    0};
static const char elementwise[] = {
#embed "kernels/elementwise.cu" suffix(, )
    0};
static const char fill_with_normals[] = {
#embed "kernels/fill_with_normals.cu" suffix(, )
    0};
static const char norm[] = {
#embed "kernels/norm.cu" suffix(, )
    0};

static const lora_kernel_source headers[] = {
    {"common.cuh", common_header},
};

static const lora_kernel_source sources[] = {
    {"adamw.cu", adamw},
    {"clip.cu", clip},
    {"elementwise.cu", elementwise},
    {"fill_with_normals.cu", fill_with_normals},
    {"norm.cu", norm},
};

const size_t lora_kernel_header_count = sizeof headers / sizeof headers[0];
lora_kernel_source lora_kernel_header_at(size_t index) { return headers[index]; }
const size_t lora_kernel_source_count = sizeof sources / sizeof sources[0];
lora_kernel_source lora_kernel_source_at(size_t index) { return sources[index]; }
