#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "CUDAEmulation.h"
#include "cuda_words.hpp"
#include "emulated_stream.hpp"
#include "registry.hpp"

thread_local uint3 gridDim, blockDim, blockIdx;

namespace emulation {

std::map<std::string, std::map<std::string, Kernel>> &registry() {
  static std::map<std::string, std::map<std::string, Kernel>> kernels;
  return kernels;
}

thread_local Stream *capturing = nullptr;
thread_local lora_emulation_counts counts = {};

void submit(Work work) {
  if (capturing) {
    capturing->recorded.push_back(std::move(work));
    return;
  }
  counts.launches++;
  work();
}

}  // namespace emulation

using emulation::Stream;

namespace {

// MARK: Memory

constexpr size_t alignment = 256;
thread_local size_t limit = SIZE_MAX, used = 0;

CUresult allocate(CUdeviceptr *address, size_t bytes) {
  if (bytes == 0) return 1;
  if (bytes > limit - std::min(limit, used)) return LORA_CUDA_OUT_OF_MEMORY;
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  // The size is kept before the block, for `used`.
  char *block = static_cast<char *>(std::aligned_alloc(alignment, rounded + alignment));
  if (!block) return LORA_CUDA_OUT_OF_MEMORY;
  std::memcpy(block, &bytes, sizeof bytes);
  std::memset(block + alignment, 0xff, bytes);
  used += bytes;
  *address = reinterpret_cast<CUdeviceptr>(block + alignment);
  return 0;
}

CUresult release(CUdeviceptr address) {
  char *block = reinterpret_cast<char *>(address) - alignment;
  size_t bytes;
  std::memcpy(&bytes, block, sizeof bytes);
  used -= std::min(used, bytes);
  std::free(block);
  return 0;
}

CUresult memory_info(size_t *free_bytes, size_t *total) {
  *total = limit == SIZE_MAX ? size_t(16) << 30 : limit;
  *free_bytes = *total - std::min(*total, used);
  return 0;
}

template <typename Value>
void set(CUdeviceptr to, Value value, size_t count) {
  emulation::submit([=] { std::fill_n(reinterpret_cast<Value *>(to), count, value); });
}

void copy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  emulation::submit([=] {
    std::memmove(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes);
  });
}

// MARK: Kernels

using File = std::map<std::string, emulation::Kernel>;

CUresult load(CUlibrary *library, const void *code) {
  const auto found = emulation::registry().find(static_cast<const char *>(code));
  if (found == emulation::registry().end()) return LORA_CUDA_NO_BINARY_FOR_GPU;
  *library = reinterpret_cast<CUlibrary>(&found->second);
  return 0;
}

CUresult entry(CUkernel *kernel, CUlibrary library, const char *name) {
  File &file = *reinterpret_cast<File *>(library);
  const auto found = file.find(name);
  if (found == file.end()) return 500;  // not found
  *kernel = reinterpret_cast<CUkernel>(&found->second);
  return 0;
}

// Blocks in turn, on as many threads of the system as there are cores.
void run(const emulation::Kernel &kernel, uint3 grid, uint3 block, void **arguments) {
  const size_t blocks = size_t(grid.x) * grid.y * grid.z;
  const auto worker = [&](size_t first, size_t step) {
    gridDim = grid;
    blockDim = block;
    for (size_t index = first; index < blocks; index += step) {
      blockIdx = {unsigned(index % grid.x), unsigned(index / grid.x % grid.y),
                  unsigned(index / grid.x / grid.y)};
      emulation::Block threads(block.x * block.y * block.z);
      if (!threads.run([&] { kernel.body(arguments); })) {
        std::fputs("emulation: threads of a block do not meet\n", stderr);
        std::abort();
      }
    }
  };
  if (blocks < 8) return worker(0, 1);
  std::vector<std::thread> threads;
  const size_t count = std::max(1u, std::thread::hardware_concurrency());
  for (size_t first = 0; first < count; first++) threads.emplace_back(worker, first, count);
  for (std::thread &thread : threads) thread.join();
}

// The arguments' bytes are the caller's only until the launch returns, and their sizes are not
// told: parameters of kernels here have at most eight bytes.
constexpr size_t most_parameters = 48;

CUresult launch(const CUlaunchConfig *config, CUfunction function, void **parameters) {
  const auto &kernel = *reinterpret_cast<emulation::Kernel *>(function);
  const unsigned threads = config->blockDimX * config->blockDimY * config->blockDimZ;
  if (threads == 0 || threads > 1024 || config->gridDimX == 0 || config->gridDimY > 65535 ||
      config->gridDimZ > 65535 || config->sharedMemBytes != 0)
    return 1;
  auto values = std::make_shared<std::vector<uint64_t>>();
  for (size_t i = 0; i < most_parameters && parameters[i]; i++) {
    uint64_t value;
    std::memcpy(&value, parameters[i], sizeof value);
    values->push_back(value);
  }
  const uint3 grid = {config->gridDimX, config->gridDimY, config->gridDimZ};
  const uint3 block = {config->blockDimX, config->blockDimY, config->blockDimZ};
  emulation::submit([=, &kernel] {
    std::vector<void *> addresses;
    for (uint64_t &value : *values) addresses.push_back(&value);
    run(kernel, grid, block, addresses.data());
  });
  return 0;
}

// MARK: Streams and graphs

struct Graph {
  std::vector<emulation::Work> work;
};

CUresult begin_capture(CUstream stream) {
  if (emulation::capturing) return 1;
  emulation::capturing = reinterpret_cast<Stream *>(stream);
  return 0;
}

CUresult end_capture(CUstream stream, CUgraph *graph) {
  Stream *captured = reinterpret_cast<Stream *>(stream);
  if (emulation::capturing != captured) return 1;
  emulation::capturing = nullptr;
  *graph = reinterpret_cast<CUgraph>(new Graph{std::move(captured->recorded)});
  captured->recorded.clear();
  return 0;
}

CUresult instantiate(CUgraphExec *executable, CUgraph graph) {
  *executable =
      reinterpret_cast<CUgraphExec>(new Graph(*reinterpret_cast<Graph *>(graph)));
  return 0;
}

CUresult launch_graph(CUgraphExec executable) {
  emulation::counts.graphs++;
  for (const emulation::Work &work : reinterpret_cast<Graph *>(executable)->work) {
    emulation::counts.replayed++;
    work();
  }
  return 0;
}

// What must wait for the device may not be asked for while a graph is recorded.
CUresult not_while_capturing() { return emulation::capturing ? 900 : 0; }

// MARK: The table

lora_driver table() {
  lora_driver t = {};
  t.cuDriverGetVersion = [](int *version) { return *version = 13000, 0; };
  t.cuInit = [](unsigned) { return 0; };
  t.cuGetErrorName = [](CUresult, const char **name) { return *name = "EMULATED", 0; };
  t.cuGetErrorString = [](CUresult, const char **text) { return *text = "emulated fault", 0; };
  t.cuDeviceGetCount = [](int *count) { return *count = 1, 0; };
  t.cuDeviceGet = [](CUdevice *device, int) { return *device = 0, 0; };
  t.cuDeviceGetName = [](char *name, int capacity, CUdevice) {
    std::strncpy(name, "Emulated", size_t(capacity));
    return 0;
  };
  t.cuDeviceGetAttribute = [](int *value, int attribute, CUdevice) {
    *value = attribute == LORA_DEVICE_CAPABILITY_MAJOR   ? 8
             : attribute == LORA_DEVICE_MULTIPROCESSORS ? 4
                                                        : 0;
    return 0;
  };
  t.cuDeviceTotalMem_v2 = [](size_t *bytes, CUdevice) { return *bytes = size_t(16) << 30, 0; };
  t.cuDevicePrimaryCtxRetain = [](CUcontext *, CUdevice) { return 0; };
  t.cuDevicePrimaryCtxRelease_v2 = [](CUdevice) { return 0; };
  t.cuCtxSetCurrent = [](CUcontext) { return 0; };
  t.cuCtxSynchronize = [] { return not_while_capturing(); };
  t.cuMemGetInfo_v2 = memory_info;
  t.cuMemAlloc_v2 = allocate;
  t.cuMemFree_v2 = release;
  t.cuMemAllocHost_v2 = [](void **address, size_t bytes) {
    return *address = std::malloc(bytes), 0;
  };
  t.cuMemFreeHost = [](void *address) { return std::free(address), 0; };
  // Of pageable memory: on a device too it is read before the call returns, and cannot be recorded.
  t.cuMemcpyHtoDAsync_v2 = [](CUdeviceptr to, const void *from, size_t bytes, CUstream) {
    if (emulation::capturing) return 900;
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
    return 0;
  };
  t.cuMemcpyDtoHAsync_v2 = [](void *to, CUdeviceptr from, size_t bytes, CUstream) {
    if (emulation::capturing) return 900;
    std::memcpy(to, reinterpret_cast<void *>(from), bytes);
    return 0;
  };
  t.cuMemcpyDtoDAsync_v2 = [](CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream) {
    return copy(to, from, bytes), 0;
  };
  t.cuMemsetD8Async = [](CUdeviceptr to, unsigned char value, size_t count, CUstream) {
    return set(to, value, count), 0;
  };
  t.cuMemsetD32Async = [](CUdeviceptr to, unsigned value, size_t count, CUstream) {
    return set(to, value, count), 0;
  };
  t.cuStreamCreate = [](CUstream *stream, unsigned) {
    return *stream = reinterpret_cast<CUstream>(new Stream), 0;
  };
  t.cuStreamDestroy_v2 = [](CUstream stream) {
    return delete reinterpret_cast<Stream *>(stream), 0;
  };
  t.cuStreamSynchronize = [](CUstream) { return not_while_capturing(); };
  t.cuStreamWaitEvent = [](CUstream, CUevent, unsigned) { return 0; };
  t.cuEventCreate = [](CUevent *event, unsigned) { return *event = nullptr, 0; };
  t.cuEventDestroy_v2 = [](CUevent) { return 0; };
  t.cuEventRecord = [](CUevent, CUstream) { return 0; };
  t.cuEventQuery = [](CUevent) { return 0; };
  t.cuEventSynchronize = [](CUevent) { return not_while_capturing(); };
  // The time that the last product "took": see products.cpp.
  t.cuEventElapsedTime = [](float *milliseconds, CUevent, CUevent) {
    return *milliseconds = emulation::last_product_milliseconds, 0;
  };
  t.cuLibraryLoadData = [](CUlibrary *library, const void *code, int *, void **, unsigned, int *,
                           void **, unsigned) {
    return emulation::capturing ? 900 : load(library, code);
  };
  t.cuLibraryUnload = [](CUlibrary) { return 0; };
  t.cuLibraryGetKernel = entry;
  t.cuKernelGetFunction = [](CUfunction *function, CUkernel kernel) {
    return *function = reinterpret_cast<CUfunction>(kernel), 0;
  };
  t.cuFuncGetAttribute = [](int *value, int, CUfunction) { return *value = 0, 0; };
  t.cuFuncSetAttribute = [](CUfunction, int, int) { return 0; };
  t.cuOccupancyMaxActiveBlocksPerMultiprocessor = [](int *blocks, CUfunction, int, size_t) {
    return *blocks = 2, 0;
  };
  t.cuLaunchKernelEx = [](const CUlaunchConfig *config, CUfunction function, void **parameters,
                          void **) { return launch(config, function, parameters); };
  t.cuStreamBeginCapture_v2 = [](CUstream stream, int) { return begin_capture(stream); };
  t.cuStreamEndCapture = end_capture;
  t.cuStreamIsCapturing = [](CUstream, int *status) {
    return *status = emulation::capturing != nullptr, 0;
  };
  t.cuGraphInstantiateWithFlags = [](CUgraphExec *executable, CUgraph graph, uint64_t) {
    return instantiate(executable, graph);
  };
  t.cuGraphExecUpdate_v2 = [](CUgraphExec, CUgraph, CUgraphExecUpdateResultInfo *) { return 1; };
  t.cuGraphUpload = [](CUgraphExec, CUstream) { return 0; };
  t.cuGraphLaunch = [](CUgraphExec executable, CUstream) { return launch_graph(executable); };
  t.cuGraphGetNodes = [](CUgraph graph, CUgraphNode *, size_t *count) {
    return *count = reinterpret_cast<Graph *>(graph)->work.size(), 0;
  };
  t.cuGraphExecDestroy = [](CUgraphExec executable) {
    return delete reinterpret_cast<Graph *>(executable), 0;
  };
  t.cuGraphDestroy = [](CUgraph graph) { return delete reinterpret_cast<Graph *>(graph), 0; };
  return t;
}

void parting_threads() {
  if (threadIdx.x < 16) __syncthreads();
}

}  // namespace

const lora_driver *lora_emulated_driver(void) {
  static const lora_driver driver = table();
  return &driver;
}

void lora_emulation_limit_memory(size_t bytes) {
  limit = bytes;
  used = 0;
}

lora_emulation_counts lora_emulation_count(void) { return emulation::counts; }

int lora_emulate_parting_threads(void) {
  gridDim = {1, 1, 1};
  blockDim = {32, 1, 1};
  return emulation::Block(32).run(parting_threads) ? 0 : 1;
}
