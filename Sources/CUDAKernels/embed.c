#include "CUDAKernels.h"

// The files of kernels/, each as its name and its text with a zero byte after it.

static const lora_kernel_file files[] = {
    {"activations.cuh", (const char[]){
#embed "kernels/activations.cuh" suffix(, )
    0}},
    {"attention_plain.cuh", (const char[]){
#embed "kernels/attention_plain.cuh" suffix(, )
    0}},
    {"attention_tile.cuh", (const char[]){
#embed "kernels/attention_tile.cuh" suffix(, )
    0}},
    {"common.cuh", (const char[]){
#embed "kernels/common.cuh" suffix(, )
    0}},
    {"head_rows.cuh", (const char[]){
#embed "kernels/head_rows.cuh" suffix(, )
    0}},
    {"mma.cuh", (const char[]){
#embed "kernels/mma.cuh" suffix(, )
    0}},
    {"pixels.cuh", (const char[]){
#embed "kernels/pixels.cuh" suffix(, )
    0}},
    {"rows.cuh", (const char[]){
#embed "kernels/rows.cuh" suffix(, )
    0}},
    {"activation.cu", (const char[]){
#embed "kernels/activation.cu" suffix(, )
    0}},
    {"adafactor.cu", (const char[]){
#embed "kernels/adafactor.cu" suffix(, )
    0}},
    {"adamw.cu", (const char[]){
#embed "kernels/adamw.cu" suffix(, )
    0}},
    {"addends.cu", (const char[]){
#embed "kernels/addends.cu" suffix(, )
    0}},
    {"attention.cu", (const char[]){
#embed "kernels/attention.cu" suffix(, )
    0}},
    {"attention_backward_keys.cu", (const char[]){
#embed "kernels/attention_backward_keys.cu" suffix(, )
    0}},
    {"attention_backward_queries.cu", (const char[]){
#embed "kernels/attention_backward_queries.cu" suffix(, )
    0}},
    {"attention_plain.cu", (const char[]){
#embed "kernels/attention_plain.cu" suffix(, )
    0}},
    {"attention_plain_backward.cu", (const char[]){
#embed "kernels/attention_plain_backward.cu" suffix(, )
    0}},
    {"clip.cu", (const char[]){
#embed "kernels/clip.cu" suffix(, )
    0}},
    {"columns.cu", (const char[]){
#embed "kernels/columns.cu" suffix(, )
    0}},
    {"copy_columns.cu", (const char[]){
#embed "kernels/copy_columns.cu" suffix(, )
    0}},
    {"elementwise.cu", (const char[]){
#embed "kernels/elementwise.cu" suffix(, )
    0}},
    {"embedding.cu", (const char[]){
#embed "kernels/embedding.cu" suffix(, )
    0}},
    {"fill_mask.cu", (const char[]){
#embed "kernels/fill_mask.cu" suffix(, )
    0}},
    {"gated_gelu.cu", (const char[]){
#embed "kernels/gated_gelu.cu" suffix(, )
    0}},
    {"group_norm.cu", (const char[]){
#embed "kernels/group_norm.cu" suffix(, )
    0}},
    {"layer_norm.cu", (const char[]){
#embed "kernels/layer_norm.cu" suffix(, )
    0}},
    {"limit_norms.cu", (const char[]){
#embed "kernels/limit_norms.cu" suffix(, )
    0}},
    {"lion.cu", (const char[]){
#embed "kernels/lion.cu" suffix(, )
    0}},
    {"loss.cu", (const char[]){
#embed "kernels/loss.cu" suffix(, )
    0}},
    {"momentum_sgd.cu", (const char[]){
#embed "kernels/momentum_sgd.cu" suffix(, )
    0}},
    {"norm.cu", (const char[]){
#embed "kernels/norm.cu" suffix(, )
    0}},
    {"prodigy.cu", (const char[]){
#embed "kernels/prodigy.cu" suffix(, )
    0}},
    {"product.cu", (const char[]){
#embed "kernels/product.cu" suffix(, )
    0}},
    {"sum_over_pixels.cu", (const char[]){
#embed "kernels/sum_over_pixels.cu" suffix(, )
    0}},
    {"upsample.cu", (const char[]){
#embed "kernels/upsample.cu" suffix(, )
    0}},
};

const size_t lora_kernel_file_count = sizeof files / sizeof files[0];
lora_kernel_file lora_kernel_file_at(size_t index) { return files[index]; }
