// cuDNN 9, convolutions through its graph interface: libcudnn.so.9, for CUDA 12 and 13 alike.
#ifndef LORA_CUDNN_H
#define LORA_CUDNN_H

#include <stddef.h>
#include <stdint.h>

#include "driver.h"

typedef int cudnnStatus_t;
typedef struct cudnnContext *cudnnHandle_t;
typedef void *cudnnBackendDescriptor_t;

// NVIDIA's numbers, of those that are used.
enum {
  // Types of elements, and of a convolution.
  LORA_CUDNN_FLOAT = 0,
  LORA_CUDNN_HALF = 2,
  LORA_CUDNN_BFLOAT16 = 9,
  LORA_CUDNN_CROSS_CORRELATION = 1,

  // Descriptors.
  LORA_CUDNN_CONVOLUTION = 1,
  LORA_CUDNN_ENGINE = 2,
  LORA_CUDNN_CONFIGURATION = 3,
  LORA_CUDNN_HEURISTICS = 4,
  LORA_CUDNN_PLAN = 5,
  LORA_CUDNN_FORWARD = 10,
  LORA_CUDNN_BACKWARD_DATA = 12,
  LORA_CUDNN_GRAPH = 15,
  LORA_CUDNN_VARIANT_PACK = 16,
  LORA_CUDNN_TENSOR = 17,

  // Types of attributes.
  LORA_CUDNN_TYPE_HANDLE = 0,
  LORA_CUDNN_TYPE_DATA_TYPE = 1,
  LORA_CUDNN_TYPE_INT64 = 3,
  LORA_CUDNN_TYPE_FLOAT = 4,
  LORA_CUDNN_TYPE_POINTER = 6,
  LORA_CUDNN_TYPE_CONVOLUTION_MODE = 7,
  LORA_CUDNN_TYPE_HEURISTIC_MODE = 8,
  LORA_CUDNN_TYPE_NUMERICAL_NOTE = 11,
  LORA_CUDNN_TYPE_DESCRIPTOR = 15,
  LORA_CUDNN_TYPE_BEHAVIOR_NOTE = 19,

  // Attributes.
  LORA_CONVOLUTION_COMPUTE_TYPE = 100,
  LORA_CONVOLUTION_MODE = 101,
  LORA_CONVOLUTION_DILATIONS = 102,
  LORA_CONVOLUTION_STRIDES = 103,
  LORA_CONVOLUTION_PADDING_AFTER = 104,
  LORA_CONVOLUTION_PADDING_BEFORE = 105,
  LORA_CONVOLUTION_DIMENSIONS = 106,
  LORA_HEURISTICS_MODE = 200,
  LORA_HEURISTICS_GRAPH = 201,
  LORA_HEURISTICS_RESULTS = 202,
  LORA_CONFIGURATION_ENGINE = 300,
  LORA_PLAN_HANDLE = 400,
  LORA_PLAN_CONFIGURATION = 401,
  LORA_PLAN_WORKSPACE = 402,
  LORA_FORWARD_ALPHA = 700,
  LORA_FORWARD_BETA = 701,
  LORA_FORWARD_CONVOLUTION = 702,
  LORA_FORWARD_FILTER = 703,
  LORA_FORWARD_INPUT = 704,
  LORA_FORWARD_OUTPUT = 705,
  LORA_BACKWARD_ALPHA = 706,
  LORA_BACKWARD_BETA = 707,
  LORA_BACKWARD_CONVOLUTION = 708,
  LORA_BACKWARD_FILTER = 709,
  LORA_BACKWARD_INPUT_GRADIENT = 710,
  LORA_BACKWARD_OUTPUT_GRADIENT = 711,
  LORA_GRAPH_HANDLE = 800,
  LORA_GRAPH_OPERATIONS = 801,
  LORA_TENSOR_ALIGNMENT = 900,
  LORA_TENSOR_TYPE = 901,
  LORA_TENSOR_EXTENTS = 902,
  LORA_TENSOR_STRIDES = 903,
  LORA_TENSOR_IDENTIFIER = 906,
  LORA_PACK_IDENTIFIERS = 1000,
  LORA_PACK_POINTERS = 1001,
  LORA_PACK_WORKSPACE = 1003,
  LORA_ENGINE_INDEX = 1301,
  LORA_ENGINE_NUMERICAL_NOTES = 1303,
  LORA_ENGINE_BEHAVIOR_NOTES = 1305,

  // Modes of heuristics: by a decision tree, and what works without a claim to be fast.
  LORA_HEURISTICS_FALLBACK = 2,
  LORA_HEURISTICS_TREE = 3,

  // Effects of an engine on the numbers.
  LORA_NOTE_TENSOR_CORE = 0,
  LORA_NOTE_ROUNDS_INPUTS = 1,
  LORA_NOTE_ROUNDS_SUMS = 2,
  LORA_NOTE_FOURIER = 3,
  LORA_NOTE_NONDETERMINISTIC = 4,
  LORA_NOTE_WINOGRAD = 5,

  // Behaviour of an engine.
  LORA_NOTE_COMPILES = 0,
};

#define LORA_CUDNN_FUNCTIONS(F)                                                             \
  F(size_t, cudnnGetVersion, (void))                                                        \
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
