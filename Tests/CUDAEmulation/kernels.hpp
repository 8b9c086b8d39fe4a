// The kernels' files as they are, for one element type: ELEMENT, and ELEMENT_NAME in quotes.
//
// To add a file: include it, then name its entries.
#include "cuda_words.hpp"
#include "registry.hpp"

namespace {

namespace kernels {

#define ENTRY(name)                                                             \
  const emulation::Registration register_##name("ELEMENT=" ELEMENT_NAME, #name, \
                                                emulation::kernel(name));

#include "activation.cu"
ENTRY(activate)
ENTRY(activate_backward)

#include "adafactor.cu"
ENTRY(adafactor)

#include "adamw.cu"
ENTRY(adamw)

#include "addends.cu"
ENTRY(addends)

#include "clip.cu"
ENTRY(clip)

#include "columns.cu"
ENTRY(gather_elements)
ENTRY(gather_packs)
ENTRY(sum_elements)
ENTRY(sum_packs)

#include "copy_columns.cu"
ENTRY(copy_columns)

#include "elementwise.cu"
ENTRY(add)
ENTRY(fill)
ENTRY(from_f32)
ENTRY(mask)
ENTRY(scale)
ENTRY(scale_f32)
ENTRY(to_f32)

#include "embedding.cu"
ENTRY(add_rows)
ENTRY(embed_timesteps)
ENTRY(embed_tokens)
ENTRY(take_rows)

#include "fill_mask.cu"
ENTRY(fill_mask)

#include "gated_gelu.cu"
ENTRY(gated_gelu)
ENTRY(gated_gelu_backward)

#include "group_norm.cu"
ENTRY(group_norm)
ENTRY(group_norm_backward)
ENTRY(group_norm_gradient_sums)
ENTRY(group_norm_statistics)
ENTRY(group_norm_sums)
ENTRY(group_norm_terms)

#include "layer_norm.cu"
ENTRY(layer_norm)
ENTRY(layer_norm_backward)

#include "limit_norms.cu"
ENTRY(limit_norms)
ENTRY(limit_norms_partials)

#include "lion.cu"
ENTRY(lion)

#include "loss.cu"
ENTRY(loss)
ENTRY(loss_of_pieces)

#include "momentum_sgd.cu"
ENTRY(momentum_sgd)

#include "norm.cu"
ENTRY(norm_of_partials)
ENTRY(norm_partials)

#include "prodigy.cu"
ENTRY(prodigy_begin)
ENTRY(prodigy_finish)
ENTRY(prodigy_moments)
ENTRY(prodigy_move)

#include "product.cu"
ENTRY(product_in_f32)
ENTRY(product_of_activations)

#include "sum_over_pixels.cu"
ENTRY(sum_pieces)
ENTRY(sum_pixels_of_pieces)

#include "upsample.cu"
ENTRY(upsample)
ENTRY(upsample_backward)

}  // namespace kernels

}  // namespace
