// The CUDA driver, libcuda.so.1. The oldest that has all of this is 525 (CUDA 12.0).
#ifndef LORA_DRIVER_H
#define LORA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef int CUresult;
typedef int CUdevice;
typedef uint64_t CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUlib_st *CUlibrary;
typedef struct CUkern_st *CUkernel;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

typedef struct CUlaunchConfig {
  unsigned gridDimX, gridDimY, gridDimZ;
  unsigned blockDimX, blockDimY, blockDimZ;
  unsigned sharedMemBytes;
  CUstream hStream;
  void *attrs;  // of the launch; none is used
  unsigned numAttrs;
} CUlaunchConfig;

enum {
  LORA_CUDA_SUCCESS = 0,
  LORA_CUDA_OUT_OF_MEMORY = 2,
  LORA_CUDA_NO_DEVICE = 100,

  LORA_DEVICE_MULTIPROCESSORS = 16,
  LORA_DEVICE_CAPABILITY_MAJOR = 75,
  LORA_DEVICE_CAPABILITY_MINOR = 76,

  LORA_STREAM_NON_BLOCKING = 1,
  LORA_EVENT_NO_TIMING = 2,
  LORA_CAPTURE_RELAXED = 2,
};

#define LORA_DRIVER_FUNCTIONS(F)                                                                  \
  /* Version, errors, devices */                                                                  \
  F(cuDriverGetVersion, (int *version))                                                           \
  F(cuInit, (unsigned flags))                                                                     \
  F(cuGetErrorName, (CUresult error, const char **name))                                          \
  F(cuGetErrorString, (CUresult error, const char **text))                                        \
  F(cuDeviceGetCount, (int *count))                                                               \
  F(cuDeviceGet, (CUdevice * device, int ordinal))                                                \
  F(cuDeviceGetName, (char *name, int capacity, CUdevice device))                                 \
  F(cuDeviceGetAttribute, (int *value, int attribute, CUdevice device))                           \
  F(cuDeviceTotalMem_v2, (size_t *bytes, CUdevice device))                                        \
  F(cuDevicePrimaryCtxRetain, (CUcontext * context, CUdevice device))                             \
  F(cuDevicePrimaryCtxRelease_v2, (CUdevice device))                                              \
  F(cuCtxSetCurrent, (CUcontext context))                                                         \
  /* Memory */                                                                                    \
  F(cuMemGetInfo_v2, (size_t *free, size_t *total))                                               \
  F(cuMemAlloc_v2, (CUdeviceptr * address, size_t bytes))                                         \
  F(cuMemFree_v2, (CUdeviceptr address))                                                          \
  F(cuMemAllocHost_v2, (void **address, size_t bytes))                                            \
  F(cuMemFreeHost, (void *address))                                                               \
  F(cuMemcpyHtoDAsync_v2, (CUdeviceptr to, const void *from, size_t bytes, CUstream stream))      \
  F(cuMemcpyDtoHAsync_v2, (void *to, CUdeviceptr from, size_t bytes, CUstream stream))            \
  F(cuMemcpyDtoDAsync_v2, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream))      \
  F(cuMemsetD8Async, (CUdeviceptr to, unsigned char value, size_t count, CUstream stream))        \
  F(cuMemsetD32Async, (CUdeviceptr to, unsigned value, size_t count, CUstream stream))            \
  /* Streams and events */                                                                        \
  F(cuStreamCreate, (CUstream * stream, unsigned flags))                                          \
  F(cuStreamDestroy_v2, (CUstream stream))                                                        \
  F(cuStreamSynchronize, (CUstream stream))                                                       \
  F(cuEventCreate, (CUevent * event, unsigned flags))                                             \
  F(cuEventDestroy_v2, (CUevent event))                                                           \
  F(cuEventRecord, (CUevent event, CUstream stream))                                              \
  F(cuEventSynchronize, (CUevent event))                                                          \
  F(cuEventElapsedTime, (float *milliseconds, CUevent from, CUevent to))                          \
  /* Kernels */                                                                                   \
  F(cuLibraryLoadData, (CUlibrary * library, const void *code, int *jitOptions, void **jitValues, \
                        unsigned jitCount, int *options, void **values, unsigned count))          \
  F(cuLibraryUnload, (CUlibrary library))                                                         \
  F(cuLibraryGetKernel, (CUkernel * kernel, CUlibrary library, const char *name))                 \
  F(cuKernelGetFunction, (CUfunction * function, CUkernel kernel))                                \
  F(cuLaunchKernelEx, (const CUlaunchConfig *configuration, CUfunction function,                  \
                       void **parameters, void **extra))                                          \
  /* Graphs */                                                                                    \
  F(cuStreamBeginCapture_v2, (CUstream stream, int mode))                                         \
  F(cuStreamEndCapture, (CUstream stream, CUgraph * graph))                                       \
  F(cuStreamIsCapturing, (CUstream stream, int *status))                                          \
  F(cuGraphInstantiateWithFlags, (CUgraphExec * executable, CUgraph graph, uint64_t flags))       \
  F(cuGraphLaunch, (CUgraphExec executable, CUstream stream))                                     \
  F(cuGraphExecDestroy, (CUgraphExec executable))                                                 \
  F(cuGraphDestroy, (CUgraph graph))

#define LORA_FIELD(name, parameters) CUresult(*name) parameters;
typedef struct lora_driver {
  LORA_DRIVER_FUNCTIONS(LORA_FIELD)
} lora_driver;
#undef LORA_FIELD

#endif
