// CUDAEmulation: a CUDA device on the CPU, for tests.
//
//     Driver table ─▶ driver.cpp ─▶ kernels.hpp: the kernels' own text, run by block.cpp
//     cuBLASLt table ─▶ products.cpp: plain loops in float64
//     cuDNN table ─▶ convolutions.cpp: the same, and every descriptor checked
//
// "Device" memory is the host's, filled with NaN before it is handed out; "code" is how a file is
// compiled; a captured graph is a list of calls. Wrong grids, addresses of no memory, threads that
// do not meet and reads beyond an allocation show as they would seldom do on a device.
#ifndef LORA_CUDA_EMULATION_H
#define LORA_CUDA_EMULATION_H

#include <stddef.h>
#include <stdint.h>

#include "CCUDA.h"

#ifdef __cplusplus
extern "C" {
#endif

// The device: compute capability 8.0, as much memory as the host gives.
const lora_driver *_Nonnull lora_emulated_driver(void);

// Two algorithms for each product, of which the second is slower.
const lora_cublaslt *_Nonnull lora_emulated_cublaslt(void);

// Ten engines, most of which must not be taken: of those that may be, the seventh is the fastest.
// None takes a stride above 2; of 1×1 the fallback's alone; 5×5 they compute slower than a product.
const lora_cudnn *_Nonnull lora_emulated_cudnn(void);

// The device with this many bytes of memory, of this thread's allocations.
void lora_emulation_limit_memory(size_t bytes);

// The status with which cuBLASLt answers who asks for an algorithm, and that of its products, of this
// thread: 0 at first, 15 for what it does not support.
void lora_emulation_refuse_products(int heuristics, int products);

// Where this thread's recordings of graphs fail: 1 as they begin, 2 as they end, 3 as they are made
// ready, 0 nowhere.
void lora_emulation_refuse_recording(int stage);

// Of this thread: kernels, products and convolutions run, those that came from graphs, and how many
// convolutions each of cuDNN's engines computed.
typedef struct lora_emulation_counts {
  uint64_t launches, replayed, graphs;
  uint64_t engines[10];
} lora_emulation_counts;
lora_emulation_counts lora_emulation_count(void);

// The kinds of a kernel's parameters as the C++ compiler sees them, a letter each (see registry.hpp);
// null where there is no such kernel. `variant` is how its file is compiled: "ELEMENT=bf16".
const char *_Nullable lora_emulated_parameters(const char *_Nonnull variant,
                                               const char *_Nonnull entry);

// A kernel half of whose threads go on without the others: what the emulation must notice.
// Returns 1 where it does.
int lora_emulate_parting_threads(void);

#ifdef __cplusplus
}
#endif

#endif
