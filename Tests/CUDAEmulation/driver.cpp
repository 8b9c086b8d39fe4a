#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
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

constexpr CUresult illegal_address = 700;

// MARK: Memory

// A block is followed and led by guard bytes, which nothing may change.
constexpr size_t alignment = 256;
constexpr unsigned char guard = 0xa5;
thread_local size_t limit = SIZE_MAX, used = 0;

struct Allocation {
  size_t bytes;
  std::thread::id owner;

  size_t rounded() const { return (bytes + alignment - 1) / alignment * alignment; }
};

std::mutex allocations_mutex;
std::map<CUdeviceptr, Allocation> allocations;

// The bytes before and behind a block, each with its count.
void for_guards(CUdeviceptr address, const Allocation &allocation,
                const std::function<void(unsigned char *, size_t)> &body) {
  auto *const block = reinterpret_cast<unsigned char *>(address);
  body(block - alignment, alignment);
  body(block + allocation.bytes, allocation.rounded() - allocation.bytes + alignment);
}

// Whether something wrote beside a block. It says so once: the guards are put right.
bool is_broken(CUdeviceptr address, const Allocation &allocation) {
  bool broken = false;
  for_guards(address, allocation, [&](unsigned char *bytes, size_t count) {
    if (std::all_of(bytes, bytes + count, [](unsigned char byte) { return byte == guard; })) return;
    broken = true;
    std::memset(bytes, guard, count);
  });
  if (broken)
    std::fprintf(stderr, "emulation: written beside a block of %zu bytes\n", allocation.bytes);
  return broken;
}

// Whether `bytes` from an address on lie within one block.
bool is_allocated(CUdeviceptr address, size_t bytes) {
  const std::lock_guard<std::mutex> lock(allocations_mutex);
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin()) return false;
  const auto &[start, allocation] = *std::prev(next);
  return address - start <= allocation.bytes && bytes <= allocation.bytes - (address - start);
}

// Looks at the guards of this thread's blocks.
CUresult check_guards() {
  const std::lock_guard<std::mutex> lock(allocations_mutex);
  CUresult result = 0;
  for (const auto &[address, allocation] : allocations)
    if (allocation.owner == std::this_thread::get_id() && is_broken(address, allocation))
      result = illegal_address;
  return result;
}

CUresult allocate(CUdeviceptr *address, size_t bytes) {
  if (bytes == 0) return 1;
  if (bytes > limit - std::min(limit, used)) return LORA_CUDA_OUT_OF_MEMORY;
  const Allocation allocation = {bytes, std::this_thread::get_id()};
  auto *block = static_cast<unsigned char *>(
      std::aligned_alloc(alignment, allocation.rounded() + 2 * alignment));
  if (!block) return LORA_CUDA_OUT_OF_MEMORY;
  *address = reinterpret_cast<CUdeviceptr>(block + alignment);
  std::memset(block + alignment, 0xff, bytes);
  for_guards(*address, allocation,
             [](unsigned char *bytes, size_t count) { std::memset(bytes, guard, count); });
  used += bytes;
  const std::lock_guard<std::mutex> lock(allocations_mutex);
  allocations[*address] = allocation;
  return 0;
}

CUresult release(CUdeviceptr address) {
  const std::lock_guard<std::mutex> lock(allocations_mutex);
  const auto found = allocations.find(address);
  if (found == allocations.end()) return 1;
  // Nobody asks what became of memory that is given back.
  if (is_broken(address, found->second)) std::abort();
  used -= std::min(used, found->second.bytes);
  allocations.erase(found);
  std::free(reinterpret_cast<char *>(address) - alignment);
  return 0;
}

CUresult memory_info(size_t *free_bytes, size_t *total) {
  *total = limit == SIZE_MAX ? size_t(16) << 30 : limit;
  *free_bytes = *total - std::min(*total, used);
  return 0;
}

template <typename Value>
CUresult set(CUdeviceptr to, Value value, size_t count) {
  if (!is_allocated(to, count * sizeof(Value))) return illegal_address;
  emulation::submit([=] { std::fill_n(reinterpret_cast<Value *>(to), count, value); });
  return 0;
}

CUresult copy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  if (!is_allocated(to, bytes) || !is_allocated(from, bytes)) return illegal_address;
  emulation::submit([=] {
    std::memmove(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes);
  });
  return 0;
}

// MARK: Kernels

using Variant = std::map<std::string, emulation::Kernel>;

CUresult load(CUlibrary *library, const void *code) {
  const auto found = emulation::registry().find(static_cast<const char *>(code));
  if (found == emulation::registry().end()) return 209;  // CUDA_ERROR_NO_BINARY_FOR_GPU
  *library = reinterpret_cast<CUlibrary>(&found->second);
  return 0;
}

CUresult entry(CUkernel *kernel, CUlibrary library, const char *name) {
  Variant &variant = *reinterpret_cast<Variant *>(library);
  const auto found = variant.find(name);
  if (found == variant.end()) return 500;  // not found
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

// Whether all that the kernel takes for addresses lies in memory of the device, or is null.
bool are_allocated(const emulation::Kernel &kernel, const std::vector<uint64_t> &arguments) {
  for (size_t i = 0; i < arguments.size(); i++)
    if (kernel.kinds[i] == 'p' && arguments[i] != 0 && !is_allocated(arguments[i], 0)) {
      std::fprintf(stderr, "emulation: argument %zu lies in no block\n", i);
      return false;
    }
  return true;
}

CUresult launch(const CUlaunchConfig *config, CUfunction function, void **parameters) {
  const auto &kernel = *reinterpret_cast<emulation::Kernel *>(function);
  const unsigned threads = config->blockDimX * config->blockDimY * config->blockDimZ;
  if (threads == 0 || threads > 1024 || config->gridDimX == 0 || config->gridDimY > 65535 ||
      config->gridDimZ > 65535 || config->sharedMemBytes != 0)
    return 1;
  // The arguments' bytes are the caller's only until the launch returns; each is a word there.
  auto values = std::make_shared<std::vector<uint64_t>>(kernel.kinds.size());
  for (size_t i = 0; i < values->size(); i++)
    std::memcpy(&(*values)[i], parameters[i], sizeof(uint64_t));
  if (!are_allocated(kernel, *values)) return 1;
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

// How recording fails: see lora_emulation_refuse_recording.
thread_local int refused_stage = 0;

CUresult begin_capture(CUstream stream) {
  if (emulation::capturing || refused_stage == 1) return 1;
  emulation::capturing = reinterpret_cast<Stream *>(stream);
  return 0;
}

CUresult end_capture(CUstream stream, CUgraph *graph) {
  Stream *captured = reinterpret_cast<Stream *>(stream);
  if (emulation::capturing != captured) return 1;
  emulation::capturing = nullptr;
  if (refused_stage == 2) {
    captured->recorded.clear();
    *graph = nullptr;
    return 901;
  }
  *graph = reinterpret_cast<CUgraph>(new Graph{std::move(captured->recorded)});
  captured->recorded.clear();
  return 0;
}

CUresult instantiate(CUgraphExec *executable, CUgraph graph) {
  if (refused_stage == 3) return 1;
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

CUresult synchronize() { return emulation::capturing ? 900 : check_guards(); }

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
  t.cuMemGetInfo_v2 = memory_info;
  t.cuMemAlloc_v2 = allocate;
  t.cuMemFree_v2 = release;
  t.cuMemAllocHost_v2 = [](void **address, size_t bytes) {
    if (emulation::capturing) return 900;
    return *address = std::malloc(bytes), *address ? 0 : LORA_CUDA_OUT_OF_MEMORY;
  };
  t.cuMemFreeHost = [](void *address) { return std::free(address), 0; };
  // Of pageable memory: on a device too it is read before the call returns, and cannot be recorded.
  t.cuMemcpyHtoDAsync_v2 = [](CUdeviceptr to, const void *from, size_t bytes, CUstream) {
    if (emulation::capturing) return 900;
    if (!is_allocated(to, bytes)) return illegal_address;
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
    return 0;
  };
  t.cuMemcpyDtoHAsync_v2 = [](void *to, CUdeviceptr from, size_t bytes, CUstream) {
    if (emulation::capturing) return 900;
    if (!is_allocated(from, bytes)) return illegal_address;
    std::memcpy(to, reinterpret_cast<void *>(from), bytes);
    return 0;
  };
  t.cuMemcpyDtoDAsync_v2 = [](CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream) {
    return copy(to, from, bytes);
  };
  t.cuMemsetD8Async = [](CUdeviceptr to, unsigned char value, size_t count, CUstream) {
    return set(to, value, count);
  };
  t.cuMemsetD32Async = [](CUdeviceptr to, unsigned value, size_t count, CUstream) {
    return set(to, value, count);
  };
  t.cuStreamCreate = [](CUstream *stream, unsigned) {
    return *stream = reinterpret_cast<CUstream>(new Stream), 0;
  };
  t.cuStreamDestroy_v2 = [](CUstream stream) {
    return delete reinterpret_cast<Stream *>(stream), 0;
  };
  t.cuStreamSynchronize = [](CUstream) { return synchronize(); };
  t.cuEventCreate = [](CUevent *event, unsigned) { return *event = nullptr, 0; };
  t.cuEventDestroy_v2 = [](CUevent) { return 0; };
  t.cuEventRecord = [](CUevent, CUstream) { return 0; };
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
  t.cuGraphLaunch = [](CUgraphExec executable, CUstream) { return launch_graph(executable); };
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

void lora_emulation_refuse_recording(int stage) { refused_stage = stage; }

void lora_emulation_limit_memory(size_t bytes) {
  limit = bytes;
  used = 0;
}

lora_emulation_counts lora_emulation_count(void) { return emulation::counts; }

const char *lora_emulated_parameters(const char *variant, const char *entry) {
  const auto file = emulation::registry().find(variant);
  if (file == emulation::registry().end()) return nullptr;
  const auto kernel = file->second.find(entry);
  return kernel == file->second.end() ? nullptr : kernel->second.kinds.c_str();
}

int lora_emulate_parting_threads(void) {
  gridDim = {1, 1, 1};
  blockDim = {32, 1, 1};
  return emulation::Block(32).run(parting_threads) ? 0 : 1;
}
