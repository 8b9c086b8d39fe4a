#include "CUDAKernels.h"

static const char activations_header[] = {
#embed "kernels/activations.cuh" suffix(, )
    0};
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
static const char pixels_header[] = {
#embed "kernels/pixels.cuh" suffix(, )
    0};
static const char rows_header[] = {
#embed "kernels/rows.cuh" suffix(, )
    0};

static const char activation[] = {
#embed "kernels/activation.cu" suffix(, )
    0};
static const char adafactor[] = {
#embed "kernels/adafactor.cu" suffix(, )
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
static const char copy_columns[] = {
#embed "kernels/copy_columns.cu" suffix(, )
    0};
static const char elementwise[] = {
#embed "kernels/elementwise.cu" suffix(, )
    0};
static const char embedding[] = {
#embed "kernels/embedding.cu" suffix(, )
    0};
static const char fill_mask[] = {
#embed "kernels/fill_mask.cu" suffix(, )
    0};
static const char fill_with_normals[] = {
#embed "kernels/fill_with_normals.cu" suffix(, )
    0};
static const char gated_gelu[] = {
#embed "kernels/gated_gelu.cu" suffix(, )
    0};
static const char group_norm[] = {
#embed "kernels/group_norm.cu" suffix(, )
    0};
static const char layer_norm[] = {
#embed "kernels/layer_norm.cu" suffix(, )
    0};
static const char limit_norms[] = {
#embed "kernels/limit_norms.cu" suffix(, )
    0};
static const char lion[] = {
#embed "kernels/lion.cu" suffix(, )
    0};
static const char loss[] = {
#embed "kernels/loss.cu" suffix(, )
    0};
static const char momentum_sgd[] = {
#embed "kernels/momentum_sgd.cu" suffix(, )
    0};
static const char norm[] = {
#embed "kernels/norm.cu" suffix(, )
    0};
static const char prodigy[] = {
#embed "kernels/prodigy.cu" suffix(, )
    0};
static const char product[] = {
#embed "kernels/product.cu" suffix(, )
    0};
static const char sum_over_pixels[] = {
#embed "kernels/sum_over_pixels.cu" suffix(, )
    0};
static const char upsample[] = {
#embed "kernels/upsample.cu" suffix(, )
    0};

static const lora_kernel_source headers[] = {
    {"activations.cuh", activations_header},
    {"attention_plain.cuh", attention_plain_header},
    {"attention_tile.cuh", attention_tile_header},
    {"common.cuh", common_header},
    {"head_rows.cuh", head_rows_header},
    {"mma.cuh", mma_header},
    {"pixels.cuh", pixels_header},
    {"rows.cuh", rows_header},
};

static const lora_kernel_source sources[] = {
    {"activation.cu", activation},
    {"adafactor.cu", adafactor},
    {"adamw.cu", adamw},
    {"addends.cu", addends},
    {"attention.cu", attention},
    {"attention_backward_keys.cu", attention_backward_keys},
    {"attention_backward_queries.cu", attention_backward_queries},
    {"attention_plain.cu", attention_plain},
    {"attention_plain_backward.cu", attention_plain_backward},
    {"clip.cu", clip},
    {"columns.cu", columns},
    {"copy_columns.cu", copy_columns},
    {"elementwise.cu", elementwise},
    {"embedding.cu", embedding},
    {"fill_mask.cu", fill_mask},
    {"fill_with_normals.cu", fill_with_normals},
    {"gated_gelu.cu", gated_gelu},
    {"group_norm.cu", group_norm},
    {"layer_norm.cu", layer_norm},
    {"limit_norms.cu", limit_norms},
    {"lion.cu", lion},
    {"loss.cu", loss},
    {"momentum_sgd.cu", momentum_sgd},
    {"norm.cu", norm},
    {"prodigy.cu", prodigy},
    {"product.cu", product},
    {"sum_over_pixels.cu", sum_over_pixels},
    {"upsample.cu", upsample},
};

const size_t lora_kernel_header_count = sizeof headers / sizeof headers[0];
lora_kernel_source lora_kernel_header_at(size_t index) { return headers[index]; }
const size_t lora_kernel_source_count = sizeof sources / sizeof sources[0];
lora_kernel_source lora_kernel_source_at(size_t index) { return sources[index]; }
