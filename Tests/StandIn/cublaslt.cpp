// cuBLASLt as a library that computes nothing: it checks each product's matrices, and logs it.
#include <cstring>

#include "CCUDA.h"
#include "log.hpp"

namespace stand_in {
void count_node();
bool is_memory(uint64_t address);
}  // namespace stand_in

using stand_in::refuse;

struct cublasLtMatmulDescOpaque {
  int32_t transpose_a = 0, transpose_b = 0, epilogue = 1;
  const void *bias = nullptr;
};

struct cublasLtMatrixLayoutOpaque {
  int type;
  uint64_t rows, columns;
  int64_t stride;
};

struct cublasLtMatmulPreferenceOpaque {};

namespace {
constexpr cublasStatus_t invalid_value = 7;
bool is_memory(const void *address) {
  return stand_in::is_memory(reinterpret_cast<uint64_t>(address));
}
}  // namespace

extern "C" {

size_t cublasLtGetVersion(void) { return 130100; }
const char *cublasLtGetStatusName(cublasStatus_t) { return "STAND_IN"; }
const char *cublasLtGetStatusString(cublasStatus_t) { return "stand-in fault"; }
cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
  return *handle = reinterpret_cast<cublasLtHandle_t>(7), 0;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t) { return 0; }
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *descriptor, int, int) {
  return *descriptor = new cublasLtMatmulDescOpaque, 0;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t descriptor) {
  return delete descriptor, 0;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t descriptor, int attribute,
                                              const void *value, size_t bytes) {
  void *target = nullptr;
  switch (attribute) {
    case LORA_PRODUCT_TRANSPOSE_A: target = &descriptor->transpose_a; break;
    case LORA_PRODUCT_TRANSPOSE_B: target = &descriptor->transpose_b; break;
    case LORA_PRODUCT_EPILOGUE: target = &descriptor->epilogue; break;
    case LORA_PRODUCT_BIAS: target = &descriptor->bias; break;
    default: return refuse(invalid_value, "an attribute of products that nobody knows");
  }
  return std::memcpy(target, value, bytes), 0;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, int type, uint64_t rows,
                                          uint64_t columns, int64_t stride) {
  return *layout = new cublasLtMatrixLayoutOpaque{type, rows, columns, stride}, 0;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  return delete layout, 0;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference) {
  return *preference = new cublasLtMatmulPreferenceOpaque, 0;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return delete preference, 0;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t, int, const void *,
                                                    size_t) {
  return 0;
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
    cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatmulPreference_t, int,
    cublasLtMatmulHeuristicResult_t *results, int *count) {
  results[0] = {};
  return *count = 1, 0;
}
cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                       const cublasLtMatmulAlgo_t *,
                                       cublasLtMatmulHeuristicResult_t *) {
  return 0;
}
cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t descriptor, const void *alpha,
                              const void *a, cublasLtMatrixLayout_t a_layout, const void *b,
                              cublasLtMatrixLayout_t b_layout, const void *beta, const void *c,
                              cublasLtMatrixLayout_t, void *d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t *, void *, size_t, CUstream) {
  const auto &p = *descriptor;
  const uint64_t inner = p.transpose_a ? a_layout->rows : a_layout->columns;
  stand_in::count_node();
  // Ours are rows: theirs are the transposes, b first.
  stand_in::log("product %lu x %lu x %lu %s%s type %d into %d beta %g bias %d strides %ld %ld %ld",
                d_layout->columns, d_layout->rows, inner, p.transpose_b ? "T" : "N",
                p.transpose_a ? "T" : "N", a_layout->type, d_layout->type,
                double(*static_cast<const float *>(beta)), p.epilogue == LORA_EPILOGUE_BIAS,
                b_layout->stride, a_layout->stride, d_layout->stride);
  (void)alpha;
  const bool agree = (p.transpose_a ? a_layout->columns : a_layout->rows) == d_layout->rows &&
                     (p.transpose_b ? b_layout->rows : b_layout->columns) == d_layout->columns &&
                     inner == (p.transpose_b ? b_layout->columns : b_layout->rows) &&
                     a_layout->type == b_layout->type;
  if (!agree) return refuse(invalid_value, "matrices of a product that do not agree");
  if (!is_memory(a) || !is_memory(b) || !is_memory(c) || !is_memory(d))
    return refuse(invalid_value, "a product beyond memory");
  return 0;
}

}  // extern "C"
