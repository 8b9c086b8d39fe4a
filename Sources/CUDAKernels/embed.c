#include "CUDAKernels.h"

static const char attention_plain_header[] = {
#embed "kernels/attention_plain.cuh" suffix(, )
    0};
static const char attention_tile_header[] = {
#embed "kernels/attention_tile.cuh" suffix(, )
    0};
static const char common_header[] = {
#embed "kernels/common.cuh" suffix(, )
    0};
static const char head_rows_header[] = {
#embed "kernels/head_rows.cuh" suffix(, )
    0};
static const char mma_header[] = {
#embed "kernels/mma.cuh" suffix(, )
    0};

static const char adamw[] = {
#embed "kernels/adamw.cu" suffix(, )
    0};
static const char addends[] = {
#embed "kernels/addends.cu" suffix(, )
    0};
static const char attention[] = {
#embed "kernels/attention.cu" suffix(, )
    0};
static const char attention_backward_keys[] = {
#embed "kernels/attention_backward_keys.cu" suffix(, )
    0};
static const char attention_backward_queries[] = {
#embed "kernels/attention_backward_queries.cu" suffix(, )
    0};
static const char attention_plain[] = {
#embed "kernels/attention_plain.cu" suffix(, )
    0};
static const char attention_plain_backward[] = {
#embed "kernels/attention_plain_backward.cu" suffix(, )
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
static const char product[] = {
#embed "kernels/product.cu" suffix(, )
    0};

static const lora_kernel_source headers[] = {
    {"attention_plain.cuh", attention_plain_header},
    {"attention_tile.cuh", attention_tile_header},
    {"common.cuh", common_header},
    {"head_rows.cuh", head_rows_header},
    {"mma.cuh", mma_header},
};

static const lora_kernel_source sources[] = {
    {"adamw.cu", adamw},
    {"addends.cu", addends},
    {"attention.cu", attention},
    {"attention_backward_keys.cu", attention_backward_keys},
    {"attention_backward_queries.cu", attention_backward_queries},
    {"attention_plain.cu", attention_plain},
    {"attention_plain_backward.cu", attention_plain_backward},
    {"clip.cu", clip},
    {"columns.cu", columns},
    {"elementwise.cu", elementwise},
    {"fill_with_normals.cu", fill_with_normals},
    {"norm.cu", norm},
    {"product.cu", product},
};

const size_t lora_kernel_header_count = sizeof headers / sizeof headers[0];
lora_kernel_source lora_kernel_header_at(size_t index) { return headers[index]; }
const size_t lora_kernel_source_count = sizeof sources / sizeof sources[0];
lora_kernel_source lora_kernel_source_at(size_t index) { return sources[index]; }
