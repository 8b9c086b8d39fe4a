// NVRTC, the compiler of CUDA C++: libnvrtc.so.12 or libnvrtc.so.13.
#ifndef LORA_NVRTC_H
#define LORA_NVRTC_H

#include <stddef.h>

typedef int nvrtcResult;
typedef struct _nvrtcProgram *nvrtcProgram;

enum { LORA_NVRTC_BUILTIN_OPERATION_FAILURE = 7 };

#define LORA_NVRTC_FUNCTIONS(F)                                                              \
  F(nvrtcResult, nvrtcVersion, (int *major, int *minor))                                     \
  F(const char *, nvrtcGetErrorString, (nvrtcResult result))                                 \
  F(nvrtcResult, nvrtcGetNumSupportedArchs, (int *count))                                    \
  F(nvrtcResult, nvrtcGetSupportedArchs, (int *architectures))                               \
  F(nvrtcResult, nvrtcCreateProgram,                                                         \
    (nvrtcProgram * program, const char *source, const char *name, int headerCount,          \
     const char *const *headers, const char *const *headerNames))                            \
  F(nvrtcResult, nvrtcDestroyProgram, (nvrtcProgram * program))                              \
  F(nvrtcResult, nvrtcCompileProgram,                                                        \
    (nvrtcProgram program, int optionCount, const char *const *options))                     \
  F(nvrtcResult, nvrtcGetProgramLogSize, (nvrtcProgram program, size_t *bytes))              \
  F(nvrtcResult, nvrtcGetProgramLog, (nvrtcProgram program, char *log))                      \
  F(nvrtcResult, nvrtcGetCUBINSize, (nvrtcProgram program, size_t *bytes))                   \
  F(nvrtcResult, nvrtcGetCUBIN, (nvrtcProgram program, char *cubin))                         \
  F(nvrtcResult, nvrtcGetPTXSize, (nvrtcProgram program, size_t *bytes))                     \
  F(nvrtcResult, nvrtcGetPTX, (nvrtcProgram program, char *ptx))

#define LORA_FIELD(result, name, parameters) result(*name) parameters;
typedef struct lora_nvrtc {
  LORA_NVRTC_FUNCTIONS(LORA_FIELD)
} lora_nvrtc;
#undef LORA_FIELD

#endif
