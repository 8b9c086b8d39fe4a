// The kernels' files as they are, for one element type: ELEMENT, and ELEMENT_NAME in quotes.
//
// To add a file: include it, then name its entries.
#include "cuda_words.hpp"
#include "registry.hpp"

namespace {

namespace kernels {
#include "activation.cu"
#include "adafactor.cu"
#include "adamw.cu"
#include "addends.cu"
#include "clip.cu"
#include "columns.cu"
#include "copy_columns.cu"
#include "elementwise.cu"
#include "embedding.cu"
#include "fill_mask.cu"
#include "fill_with_normals.cu"
#include "gated_gelu.cu"
#include "group_norm.cu"
#include "layer_norm.cu"
#include "limit_norms.cu"
#include "lion.cu"
#include "loss.cu"
#include "momentum_sgd.cu"
#include "norm.cu"
#include "prodigy.cu"
#include "product.cu"
#include "sum_over_pixels.cu"
#include "upsample.cu"
}  // namespace kernels

#define ENTRY(file, name)                                                              \
  const emulation::Registration register_##name(file, "ELEMENT=" ELEMENT_NAME, #name, \
                                                emulation::kernel(kernels::name));

ENTRY("activation.cu", activate)
ENTRY("activation.cu", activate_backward)
ENTRY("adafactor.cu", adafactor)
ENTRY("adamw.cu", adamw)
ENTRY("addends.cu", addends)
ENTRY("clip.cu", clip)
ENTRY("columns.cu", gather_elements)
ENTRY("columns.cu", gather_packs)
ENTRY("columns.cu", sum_elements)
ENTRY("columns.cu", sum_packs)
ENTRY("copy_columns.cu", copy_columns)
ENTRY("elementwise.cu", add)
ENTRY("elementwise.cu", fill)
ENTRY("elementwise.cu", from_f32)
ENTRY("elementwise.cu", mask)
ENTRY("elementwise.cu", mix)
ENTRY("elementwise.cu", scale)
ENTRY("elementwise.cu", scale_f32)
ENTRY("elementwise.cu", to_f32)
ENTRY("embedding.cu", embed_timesteps)
ENTRY("embedding.cu", embed_tokens)
ENTRY("fill_mask.cu", fill_mask)
ENTRY("fill_with_normals.cu", fill_with_normals)
ENTRY("gated_gelu.cu", gated_gelu)
ENTRY("gated_gelu.cu", gated_gelu_backward)
ENTRY("group_norm.cu", group_norm)
ENTRY("group_norm.cu", group_norm_backward)
ENTRY("group_norm.cu", group_norm_gradient_sums)
ENTRY("group_norm.cu", group_norm_statistics)
ENTRY("group_norm.cu", group_norm_sums)
ENTRY("group_norm.cu", group_norm_terms)
ENTRY("layer_norm.cu", layer_norm)
ENTRY("layer_norm.cu", layer_norm_backward)
ENTRY("limit_norms.cu", limit_norms)
ENTRY("limit_norms.cu", limit_norms_partials)
ENTRY("lion.cu", lion)
ENTRY("loss.cu", loss)
ENTRY("loss.cu", loss_of_pieces)
ENTRY("momentum_sgd.cu", momentum_sgd)
ENTRY("norm.cu", norm_of_partials)
ENTRY("norm.cu", norm_partials)
ENTRY("prodigy.cu", prodigy_begin)
ENTRY("prodigy.cu", prodigy_finish)
ENTRY("prodigy.cu", prodigy_moments)
ENTRY("prodigy.cu", prodigy_move)
ENTRY("product.cu", product_in_f32)
ENTRY("product.cu", product_of_activations)
ENTRY("sum_over_pixels.cu", sum_pieces)
ENTRY("sum_over_pixels.cu", sum_pixels_of_pieces)
ENTRY("upsample.cu", upsample)
ENTRY("upsample.cu", upsample_backward)

}  // namespace
