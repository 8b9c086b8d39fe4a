// cuBLASLt, products of matrices: libcublasLt.so.12 or libcublasLt.so.13.
#ifndef LORA_CUBLASLT_H
#define LORA_CUBLASLT_H

#include <stddef.h>
#include <stdint.h>

#include "driver.h"

typedef int cublasStatus_t;
typedef struct cublasLtContext *cublasLtHandle_t;
typedef struct cublasLtMatmulDescOpaque *cublasLtMatmulDesc_t;
typedef struct cublasLtMatrixLayoutOpaque *cublasLtMatrixLayout_t;
typedef struct cublasLtMatmulPreferenceOpaque *cublasLtMatmulPreference_t;

typedef struct cublasLtMatmulAlgo_t {
  uint64_t data[8];
} cublasLtMatmulAlgo_t;

typedef struct cublasLtMatmulHeuristicResult_t {
  cublasLtMatmulAlgo_t algo;
  size_t workspaceSize;
  cublasStatus_t state;
  float wavesCount;
  int reserved[4];
} cublasLtMatmulHeuristicResult_t;

enum {
  LORA_CUDA_R_32F = 0,
  LORA_CUDA_R_16F = 2,
  LORA_CUDA_R_16BF = 14,
  LORA_CUBLAS_COMPUTE_32F = 68,
  LORA_CUBLAS_NOT_SUPPORTED = 15,

  LORA_PRODUCT_TRANSPOSE_A = 3,
  LORA_PRODUCT_TRANSPOSE_B = 4,
  LORA_PRODUCT_EPILOGUE = 7,
  LORA_PRODUCT_BIAS = 8,

  LORA_EPILOGUE_BIAS = 4,

  LORA_PREFERENCE_WORKSPACE = 1,
  LORA_PREFERENCE_ALIGNMENT_A = 5,  // then B, C, D
};

#define LORA_CUBLASLT_FUNCTIONS(F)                                                               \
  F(size_t, cublasLtGetVersion, (void))                                                          \
  F(const char *, cublasLtGetStatusName, (cublasStatus_t status))                                \
  F(const char *, cublasLtGetStatusString, (cublasStatus_t status))                              \
  F(cublasStatus_t, cublasLtCreate, (cublasLtHandle_t * handle))                                 \
  F(cublasStatus_t, cublasLtDestroy, (cublasLtHandle_t handle))                                  \
  F(cublasStatus_t, cublasLtMatmulDescCreate,                                                    \
    (cublasLtMatmulDesc_t * descriptor, int computeType, int scaleType))                         \
  F(cublasStatus_t, cublasLtMatmulDescDestroy, (cublasLtMatmulDesc_t descriptor))                \
  F(cublasStatus_t, cublasLtMatmulDescSetAttribute,                                              \
    (cublasLtMatmulDesc_t descriptor, int attribute, const void *value, size_t bytes))           \
  F(cublasStatus_t, cublasLtMatrixLayoutCreate,                                                  \
    (cublasLtMatrixLayout_t * layout, int type, uint64_t rows, uint64_t columns, int64_t stride)) \
  F(cublasStatus_t, cublasLtMatrixLayoutDestroy, (cublasLtMatrixLayout_t layout))                \
  F(cublasStatus_t, cublasLtMatmulPreferenceCreate, (cublasLtMatmulPreference_t * preference))   \
  F(cublasStatus_t, cublasLtMatmulPreferenceDestroy, (cublasLtMatmulPreference_t preference))    \
  F(cublasStatus_t, cublasLtMatmulPreferenceSetAttribute,                                        \
    (cublasLtMatmulPreference_t preference, int attribute, const void *value, size_t bytes))     \
  F(cublasStatus_t, cublasLtMatmulAlgoGetHeuristic,                                              \
    (cublasLtHandle_t handle, cublasLtMatmulDesc_t descriptor, cublasLtMatrixLayout_t a,         \
     cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,               \
     cublasLtMatmulPreference_t preference, int requested,                                       \
     cublasLtMatmulHeuristicResult_t * results, int *count))                                     \
  F(cublasStatus_t, cublasLtMatmulAlgoCheck,                                                     \
    (cublasLtHandle_t handle, cublasLtMatmulDesc_t descriptor, cublasLtMatrixLayout_t a,         \
     cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,               \
     const cublasLtMatmulAlgo_t *algorithm, cublasLtMatmulHeuristicResult_t *result))            \
  F(cublasStatus_t, cublasLtMatmul,                                                              \
    (cublasLtHandle_t handle, cublasLtMatmulDesc_t descriptor, const void *alpha, const void *a, \
     cublasLtMatrixLayout_t aLayout, const void *b, cublasLtMatrixLayout_t bLayout,              \
     const void *beta, const void *c, cublasLtMatrixLayout_t cLayout, void *d,                   \
     cublasLtMatrixLayout_t dLayout, const cublasLtMatmulAlgo_t *algorithm, void *workspace,     \
     size_t workspaceBytes, CUstream stream))

#define LORA_FIELD(result, name, parameters) result(*name) parameters;
typedef struct lora_cublaslt {
  LORA_CUBLASLT_FUNCTIONS(LORA_FIELD)
} lora_cublaslt;
#undef LORA_FIELD

#endif
