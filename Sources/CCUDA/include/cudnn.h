// cuDNN 9, convolutions through its graph interface: libcudnn.so.9, for CUDA 12 and 13 alike.
#ifndef LORA_CUDNN_H
#define LORA_CUDNN_H

#include <stddef.h>
#include <stdint.h>

#include "driver.h"

typedef int cudnnStatus_t;
typedef struct cudnnContext *cudnnHandle_t;
typedef void *cudnnBackendDescriptor_t;

#define LORA_CUDNN_FUNCTIONS(F)                                                             \
  F(size_t, cudnnGetVersion, (void))                                                        \
  F(size_t, cudnnGetCudartVersion, (void))                                                  \
  F(const char *, cudnnGetErrorString, (cudnnStatus_t status))                              \
  F(void, cudnnGetLastErrorString, (char *message, size_t capacity))                        \
  F(cudnnStatus_t, cudnnCreate, (cudnnHandle_t * handle))                                   \
  F(cudnnStatus_t, cudnnDestroy, (cudnnHandle_t handle))                                    \
  F(cudnnStatus_t, cudnnSetStream, (cudnnHandle_t handle, CUstream stream))                 \
  F(cudnnStatus_t, cudnnBackendCreateDescriptor,                                            \
    (int type, cudnnBackendDescriptor_t *descriptor))                                       \
  F(cudnnStatus_t, cudnnBackendDestroyDescriptor, (cudnnBackendDescriptor_t descriptor))    \
  F(cudnnStatus_t, cudnnBackendFinalize, (cudnnBackendDescriptor_t descriptor))             \
  F(cudnnStatus_t, cudnnBackendSetAttribute,                                                \
    (cudnnBackendDescriptor_t descriptor, int attribute, int type, int64_t count,           \
     const void *values))                                                                   \
  F(cudnnStatus_t, cudnnBackendGetAttribute,                                                \
    (const cudnnBackendDescriptor_t descriptor, int attribute, int type, int64_t requested, \
     int64_t *count, void *values))                                                         \
  F(cudnnStatus_t, cudnnBackendExecute,                                                     \
    (cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t variants))

#define LORA_FIELD(result, name, parameters) result(*name) parameters;
typedef struct lora_cudnn {
  LORA_CUDNN_FUNCTIONS(LORA_FIELD)
} lora_cudnn;
#undef LORA_FIELD

#endif
