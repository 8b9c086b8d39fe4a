// CCUDA: the functions of NVIDIA's libraries that ComputeCUDA calls, found at run time.
//
// No CUDA header or library is needed to build, and a machine without a GPU runs every command
// that does not ask for one. Four tables, one for each library: the driver, NVRTC, cuBLASLt and
// cuDNN. To call one more function, add its line to its table.
//
// Names, types and order of parameters are NVIDIA's, of CUDA 12.0, which CUDA 13 keeps (_v2 is
// part of a symbol's name; enumerations are int). ComputeCUDA finds and opens
// libraries; this module fills a table from an open one.
#ifndef LORA_CCUDA_H
#define LORA_CCUDA_H

#include "cublaslt.h"
#include "cudnn.h"
#include "driver.h"
#include "nvrtc.h"

// Opens a shared library, by soname or path. Its names stay its own. NULL where that fails:
// lora_library_error says why, in this thread.
void *lora_library_open(const char *name);
const char *lora_library_error(void);

// The file of an open library; "" where the system does not tell.
const char *lora_library_path(void *library);

// Fills a table. Returns the name of the first function that the library lacks (it and others
// that lack are NULL in the table), or NULL where it has them all.
const char *lora_driver_fill(lora_driver *table, void *library);
const char *lora_nvrtc_fill(lora_nvrtc *table, void *library);
const char *lora_cublaslt_fill(lora_cublaslt *table, void *library);
const char *lora_cudnn_fill(lora_cudnn *table, void *library);

// Bytes of the C library; the caller frees them.
typedef struct lora_bytes {
  char *bytes;
  size_t count;
} lora_bytes;

// Compiles CUDA C++ for one kind of device. `headers` are what the source may include: a name and
// a text for each of `header_count`, each ended by a zero byte, as are the strings of `options`.
//
// Returns NVRTC's result, 0 for success; then `code` holds the device's code, or, where `as_ptx` is
// not 0, the text that a driver makes it from, ended by a zero byte. `log` holds the compiler's
// messages, ended by a zero byte, or has no bytes where there are none.
int lora_nvrtc_compile(const lora_nvrtc *nvrtc, const char *source, const char *name,
                       const char *headers, int header_count, const char *options,
                       int option_count, int as_ptx, lora_bytes *code, lora_bytes *log);

#endif
