// The kernels' files as they are, for one element type: ELEMENT, and ELEMENT_NAME in quotes.
//
// To add a file: include it, then name its entries.
#include "cuda_words.hpp"
#include "registry.hpp"

namespace {

namespace kernels {
#include "adamw.cu"
#include "addends.cu"
#include "clip.cu"
#include "columns.cu"
#include "elementwise.cu"
#include "fill_with_normals.cu"
#include "norm.cu"
#include "product.cu"
}  // namespace kernels

#define ENTRY(file, name)                                                              \
  const emulation::Registration register_##name(file, "ELEMENT=" ELEMENT_NAME, #name, \
                                                emulation::kernel(kernels::name));

ENTRY("adamw.cu", adamw)
ENTRY("addends.cu", addends)
ENTRY("clip.cu", clip)
ENTRY("columns.cu", gather_elements)
ENTRY("columns.cu", gather_packs)
ENTRY("columns.cu", sum_elements)
ENTRY("columns.cu", sum_packs)
ENTRY("elementwise.cu", add)
ENTRY("elementwise.cu", fill)
ENTRY("elementwise.cu", from_f32)
ENTRY("elementwise.cu", to_f32)
ENTRY("elementwise.cu", mask)
ENTRY("elementwise.cu", mix)
ENTRY("elementwise.cu", scale)
ENTRY("fill_with_normals.cu", fill_with_normals)
ENTRY("norm.cu", norm_of_partials)
ENTRY("norm.cu", norm_partials)
ENTRY("product.cu", product_in_f32)
ENTRY("product.cu", product_of_activations)

}  // namespace
