// cuBLASLt's products by plain loops, in float64, rounded once.
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "CUDAEmulation.h"
#include "elements.hpp"
#include "emulated_stream.hpp"

thread_local float emulation::last_product_milliseconds = 0;

namespace {

using emulation::element;
using emulation::store;

thread_local int refuses = 0, fails = 0;

struct Layout {
  int type;
  uint64_t rows, columns;
  int64_t stride;
  int32_t batches = 1;
  int64_t batch_stride = 0;
};

struct Description {
  int32_t transpose_a = 0, transpose_b = 0;
  int32_t epilogue = 1;
  const void *bias = nullptr;
};

// A matrix by columns, in float64; `transposed` is undone.
std::vector<double> gathered(const void *base, const Layout &layout, bool transposed,
                             int64_t offset) {
  const uint64_t rows = transposed ? layout.columns : layout.rows;
  const uint64_t columns = transposed ? layout.rows : layout.columns;
  std::vector<double> values(rows * columns);
  for (uint64_t column = 0; column < columns; column++)
    for (uint64_t row = 0; row < rows; row++)
      values[column * rows + row] =
          element(base, layout.type,
                  offset + (transposed ? int64_t(row) * layout.stride + int64_t(column)
                                       : int64_t(column) * layout.stride + int64_t(row)));
  return values;
}

void product(const Description &d, float alpha, const void *a, const Layout &la, const void *b,
             const Layout &lb, float beta, const void *c, const Layout &lc, void *out,
             const Layout &ld) {
  for (int batch = 0; batch < ld.batches; batch++) {
    const auto x = gathered(a, la, d.transpose_a, batch * la.batch_stride);
    const auto y = gathered(b, lb, d.transpose_b, batch * lb.batch_stride);
    const uint64_t rows = ld.rows, columns = ld.columns;
    const uint64_t inner = d.transpose_a ? la.rows : la.columns;
    std::vector<double> sums(rows);
    for (uint64_t column = 0; column < columns; column++) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (uint64_t k = 0; k < inner; k++) {
        const double factor = y[column * inner + k];
        for (uint64_t row = 0; row < rows; row++) sums[row] += x[k * rows + row] * factor;
      }
      for (uint64_t row = 0; row < rows; row++) {
        double value = alpha * sums[row];
        if (beta != 0)
          value += beta * element(c, lc.type, batch * lc.batch_stride +
                                                  int64_t(column) * lc.stride + int64_t(row));
        if (d.epilogue == 4) value += element(d.bias, ld.type, int64_t(row));
        store(out, ld.type,
              batch * ld.batch_stride + int64_t(column) * ld.stride + int64_t(row), value);
      }
    }
  }
}

template <typename T>
CUresult create(void **slot, T value) {
  *slot = new T(value);
  return 0;
}

bool fits(const Layout &layout) { return layout.stride >= int64_t(layout.rows); }

lora_cublaslt table() {
  lora_cublaslt t = {};
  t.cublasLtGetVersion = [] { return size_t(130000); };
  t.cublasLtGetStatusName = [](cublasStatus_t) { return "EMULATED"; };
  t.cublasLtGetStatusString = [](cublasStatus_t) { return "emulated fault"; };
  t.cublasLtCreate = [](cublasLtHandle_t *handle) { return *handle = nullptr, 0; };
  t.cublasLtDestroy = [](cublasLtHandle_t) { return 0; };
  t.cublasLtMatmulDescCreate = [](cublasLtMatmulDesc_t *d, int, int) {
    return create(reinterpret_cast<void **>(d), Description());
  };
  t.cublasLtMatmulDescDestroy = [](cublasLtMatmulDesc_t d) {
    return delete reinterpret_cast<Description *>(d), 0;
  };
  t.cublasLtMatmulDescSetAttribute = [](cublasLtMatmulDesc_t descriptor, int attribute,
                                        const void *value, size_t bytes) {
    auto &d = *reinterpret_cast<Description *>(descriptor);
    switch (attribute) {
      case 3: return std::memcpy(&d.transpose_a, value, bytes), 0;
      case 4: return std::memcpy(&d.transpose_b, value, bytes), 0;
      case 7: return std::memcpy(&d.epilogue, value, bytes), 0;
      case 8: return std::memcpy(&d.bias, value, bytes), 0;
    }
    return 7;
  };
  t.cublasLtMatrixLayoutCreate = [](cublasLtMatrixLayout_t *layout, int type, uint64_t rows,
                                    uint64_t columns, int64_t stride) {
    return create(reinterpret_cast<void **>(layout), Layout{type, rows, columns, stride});
  };
  t.cublasLtMatrixLayoutDestroy = [](cublasLtMatrixLayout_t layout) {
    return delete reinterpret_cast<Layout *>(layout), 0;
  };
  t.cublasLtMatmulPreferenceCreate = [](cublasLtMatmulPreference_t *preference) {
    return *preference = nullptr, 0;
  };
  t.cublasLtMatmulPreferenceDestroy = [](cublasLtMatmulPreference_t) { return 0; };
  t.cublasLtMatmulPreferenceSetAttribute = [](cublasLtMatmulPreference_t, int, const void *,
                                              size_t) { return 0; };
  t.cublasLtMatmulAlgoGetHeuristic =
      [](cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
         cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatmulPreference_t,
         int requested, cublasLtMatmulHeuristicResult_t *results, int *count) {
        *count = refuses ? 0 : requested < 2 ? requested : 2;
        for (int i = 0; i < *count; i++) {
          results[i] = {};
          results[i].algo.data[0] = uint64_t(i) + 1;
          results[i].workspaceSize = 256;
        }
        return refuses;
      };
  t.cublasLtMatmulAlgoCheck = [](cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t,
                                 cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                 cublasLtMatrixLayout_t, const cublasLtMatmulAlgo_t *algorithm,
                                 cublasLtMatmulHeuristicResult_t *) {
    return algorithm->data[0] == 1 || algorithm->data[0] == 2 ? 0 : 7;
  };
  t.cublasLtMatmul = [](cublasLtHandle_t, cublasLtMatmulDesc_t descriptor, const void *alpha,
                        const void *a, cublasLtMatrixLayout_t a_layout, const void *b,
                        cublasLtMatrixLayout_t b_layout, const void *beta, const void *c,
                        cublasLtMatrixLayout_t c_layout, void *out,
                        cublasLtMatrixLayout_t out_layout, const cublasLtMatmulAlgo_t *algorithm,
                        void *workspace, size_t workspace_bytes, CUstream) {
    const auto d = *reinterpret_cast<Description *>(descriptor);
    const auto la = *reinterpret_cast<Layout *>(a_layout), lb = *reinterpret_cast<Layout *>(b_layout),
               lc = *reinterpret_cast<Layout *>(c_layout),
               ld = *reinterpret_cast<Layout *>(out_layout);
    const bool agree = (d.transpose_a ? la.columns : la.rows) == ld.rows &&
                       (d.transpose_b ? lb.rows : lb.columns) == ld.columns &&
                       (d.transpose_a ? la.rows : la.columns) ==
                           (d.transpose_b ? lb.columns : lb.rows) &&
                       la.type == lb.type;
    if (!agree || !fits(la) || !fits(lb) || !fits(lc) || !fits(ld)) return 7;
    if (!workspace || workspace_bytes < 256) return 7;
    if (fails) return fails;
    emulation::last_product_milliseconds = algorithm->data[0] == 1 ? 1.0f : 2.0f;
    const float x = *static_cast<const float *>(alpha), y = *static_cast<const float *>(beta);
    emulation::submit([=] { product(d, x, a, la, b, lb, y, c, lc, out, ld); });
    return 0;
  };
  return t;
}

}  // namespace

const lora_cublaslt *lora_emulated_cublaslt(void) {
  static const lora_cublaslt products = table();
  return &products;
}

void lora_emulation_refuse_products(int heuristics, int products) {
  refuses = heuristics;
  fails = products;
}
