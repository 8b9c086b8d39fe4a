#include "CUDAKernels.h"

static const char common[] = {
#embed "kernels/common.cuh" suffix(, )
    0};
static const char adamw[] = {
#embed "kernels/adamw.cu" suffix(, )
    0};
static const char addends[] = {
#embed "kernels/addends.cu" suffix(, )
    0};
static const char clip[] = {
#embed "kernels/clip.cu" suffix(, )
    0};
static const char columns[] = {
#embed "kernels/columns.cu" suffix(, )
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

static const lora_kernel_source sources[] = {
    {"adamw.cu", adamw},
    {"addends.cu", addends},
    {"clip.cu", clip},
    {"columns.cu", columns},
    {"elementwise.cu", elementwise},
    {"fill_with_normals.cu", fill_with_normals},
    {"norm.cu", norm},
};

const char *_Nonnull const lora_kernel_common = common;
const size_t lora_kernel_source_count = sizeof sources / sizeof sources[0];
lora_kernel_source lora_kernel_source_at(size_t index) { return sources[index]; }
