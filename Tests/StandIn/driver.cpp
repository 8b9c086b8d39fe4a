// NVIDIA's driver as a library that computes nothing: it takes every call, checks it, and logs it.
//
// The signatures are those of CCUDA's tables, which `make headers` compares with NVIDIA's: a function
// that is missing here or has other parameters does not compile (see `tables.cpp`).
//
// Memory has addresses and no contents: numbers that are read back are 1.
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "CCUDA.h"
#include "log.hpp"

using stand_in::capturing;
using stand_in::log;
using stand_in::refuse;

namespace {

constexpr CUresult invalid_value = 1, capture_unsupported = 900;

// MARK: Memory

constexpr size_t granularity = 2 << 20;
std::mutex mutex;
std::map<CUdeviceptr, size_t> allocations;
std::map<const char *, size_t> pinned;
CUdeviceptr next_address = 0x700000000000;
size_t held = 0;

size_t total_memory() { return size_t(stand_in::number("STAND_IN_MEMORY_MIB", 80 << 10)) << 20; }

bool is_allocated(CUdeviceptr address, size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex);
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin()) return false;
  const auto &[start, size] = *std::prev(next);
  return address - start <= size && bytes <= size - (address - start);
}

bool is_pinned(const void *address, size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex);
  const char *const place = static_cast<const char *>(address);
  auto next = pinned.upper_bound(place);
  if (next == pinned.begin()) return false;
  const auto &[start, size] = *std::prev(next);
  return size_t(place - start) <= size && bytes <= size - size_t(place - start);
}

const char *kind(const void *address, size_t bytes) {
  return is_pinned(address, bytes) ? "pinned" : "pageable";
}

template <typename Value>
CUresult set(CUdeviceptr to, size_t count) {
  log("memset %zu", count * sizeof(Value));
  return is_allocated(to, count * sizeof(Value)) ? 0 : refuse(invalid_value, "memset beyond memory");
}

// MARK: Code

// "code" is the name of a file and how it is compiled, as nvrtc.cpp makes it, or a real cubin.
struct Library {
  std::string name;
};

struct Function {
  std::string name;
};

// Graphs have a count of nodes.
struct Graph {
  size_t nodes;
};
size_t nodes = 0;

}  // namespace

extern "C" {

// MARK: Version, errors, devices

CUresult cuDriverGetVersion(int *version) { return *version = 13000, 0; }
CUresult cuInit(unsigned) { return stand_in::number("STAND_IN_INIT", 0); }
CUresult cuGetErrorName(CUresult, const char **name) { return *name = "STAND_IN", 0; }
CUresult cuGetErrorString(CUresult, const char **text) { return *text = "stand-in fault", 0; }
CUresult cuDeviceGetCount(int *count) { return *count = 1, 0; }
CUresult cuDeviceGet(CUdevice *device, int) { return *device = 0, 0; }
CUresult cuDeviceGetName(char *name, int capacity, CUdevice) {
  std::snprintf(name, size_t(capacity), "Stand-in");
  return 0;
}
CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  const int capability = stand_in::number("STAND_IN_CAPABILITY", 90);
  switch (attribute) {
    case LORA_DEVICE_CAPABILITY_MAJOR: *value = capability / 10; break;
    case LORA_DEVICE_CAPABILITY_MINOR: *value = capability % 10; break;
    case LORA_DEVICE_MULTIPROCESSORS: *value = 132; break;
    default: return refuse(invalid_value, "an attribute that nobody knows");
  }
  return 0;
}
CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice) { return *bytes = total_memory(), 0; }
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
  return *context = reinterpret_cast<CUcontext>(1), 0;
}
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) { return 0; }
CUresult cuCtxSetCurrent(CUcontext context) {
  return context ? 0 : refuse(invalid_value, "no context is made current");
}

// MARK: Memory

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  *total = total_memory();
  return *free = *total - held, 0;
}
CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  if (bytes == 0) return refuse(invalid_value, "no bytes are allocated");
  if (capturing) refuse(0, "memory is allocated within a capture");
  if (held + bytes > total_memory()) return LORA_CUDA_OUT_OF_MEMORY;
  const std::lock_guard<std::mutex> lock(mutex);
  *address = next_address;
  next_address += (bytes + granularity - 1) / granularity * granularity + granularity;
  allocations[*address] = bytes;
  held += bytes;
  log("alloc %zu held %zu", bytes, held);
  return 0;
}
CUresult cuMemFree_v2(CUdeviceptr address) {
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = allocations.find(address);
  if (found == allocations.end()) return refuse(invalid_value, "what is freed was not allocated");
  held -= found->second;
  log("free %zu held %zu", found->second, held);
  allocations.erase(found);
  return 0;
}
CUresult cuMemAllocHost_v2(void **address, size_t bytes) {
  if (capturing) return refuse(capture_unsupported, "host memory is allocated within a capture");
  const std::lock_guard<std::mutex> lock(mutex);
  *address = std::malloc(bytes);
  pinned[static_cast<char *>(*address)] = bytes;
  log("alloc host %zu", bytes);
  return 0;
}
CUresult cuMemFreeHost(void *address) {
  const std::lock_guard<std::mutex> lock(mutex);
  pinned.erase(static_cast<char *>(address));
  std::free(address);
  return 0;
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream) {
  log("h2d %zu %s", bytes, kind(from, bytes));
  if (capturing) return refuse(capture_unsupported, "a copy from the host within a capture");
  return is_allocated(to, bytes) ? 0 : refuse(invalid_value, "h2d beyond memory");
}
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream) {
  log("d2h %zu %s", bytes, kind(to, bytes));
  if (capturing) return refuse(capture_unsupported, "a copy to the host within a capture");
  if (!is_allocated(from, bytes)) return refuse(invalid_value, "d2h beyond memory");
  float one = 1;
  for (size_t i = 0; i + 4 <= bytes; i += 4) std::memcpy(static_cast<char *>(to) + i, &one, 4);
  return 0;
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream) {
  nodes += capturing;
  log("d2d %zu", bytes);
  return is_allocated(to, bytes) && is_allocated(from, bytes)
             ? 0
             : refuse(invalid_value, "d2d beyond memory");
}
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char, size_t count, CUstream) {
  nodes += capturing;
  return set<char>(to, count);
}
CUresult cuMemsetD32Async(CUdeviceptr to, unsigned, size_t count, CUstream) {
  nodes += capturing;
  return set<unsigned>(to, count);
}

// MARK: Streams and events

CUresult cuStreamCreate(CUstream *stream, unsigned) {
  return *stream = reinterpret_cast<CUstream>(2), 0;
}
CUresult cuStreamDestroy_v2(CUstream) { return 0; }
CUresult cuStreamSynchronize(CUstream) {
  log("sync");
  return capturing ? refuse(capture_unsupported, "a wait within a capture") : 0;
}
CUresult cuEventCreate(CUevent *event, unsigned) {
  return *event = reinterpret_cast<CUevent>(3), 0;
}
CUresult cuEventDestroy_v2(CUevent) { return 0; }
CUresult cuEventRecord(CUevent, CUstream) {
  log("event");
  return 0;
}
CUresult cuEventSynchronize(CUevent) {
  log("wait");
  return capturing ? refuse(capture_unsupported, "a wait within a capture") : 0;
}
CUresult cuEventElapsedTime(float *milliseconds, CUevent, CUevent) {
  return *milliseconds = 1, capturing ? refuse(capture_unsupported, "a time within a capture") : 0;
}

// MARK: Kernels

CUresult cuLibraryLoadData(CUlibrary *library, const void *code, int *, void **, unsigned, int *,
                           void **, unsigned) {
  if (capturing) return refuse(capture_unsupported, "code is loaded within a capture");
  const char *const text = static_cast<const char *>(code);
  const bool is_ours = std::strncmp(text, "stand-in ", 9) == 0;
  *library = reinterpret_cast<CUlibrary>(new Library{is_ours ? text + 9 : "cubin"});
  return 0;
}
CUresult cuLibraryUnload(CUlibrary library) {
  return delete reinterpret_cast<Library *>(library), 0;
}
CUresult cuLibraryGetKernel(CUkernel *kernel, CUlibrary library, const char *name) {
  const auto *const owner = reinterpret_cast<Library *>(library);
  *kernel = reinterpret_cast<CUkernel>(new Function{std::string(name) + " " + owner->name});
  return 0;
}
CUresult cuKernelGetFunction(CUfunction *function, CUkernel kernel) {
  return *function = reinterpret_cast<CUfunction>(kernel), 0;
}
CUresult cuLaunchKernelEx(const CUlaunchConfig *c, CUfunction function, void **, void **) {
  nodes += capturing;
  log("kernel %s grid %u,%u,%u block %u", reinterpret_cast<Function *>(function)->name.c_str(),
      c->gridDimX, c->gridDimY, c->gridDimZ, c->blockDimX);
  const unsigned threads = c->blockDimX * c->blockDimY * c->blockDimZ;
  const bool fits = c->gridDimX > 0 && c->gridDimX <= 0x7fffffff && c->gridDimY > 0 &&
                    c->gridDimY <= 65535 && c->gridDimZ > 0 && c->gridDimZ <= 65535 &&
                    threads > 0 && threads <= 1024 && c->sharedMemBytes <= 48 << 10;
  return fits ? 0 : refuse(invalid_value, "a launch that no device takes");
}

// MARK: Graphs

CUresult cuStreamBeginCapture_v2(CUstream, int) {
  if (capturing) return refuse(invalid_value, "a capture within a capture");
  log("begin capture");
  nodes = 0;
  capturing = true;
  return 0;
}
CUresult cuStreamEndCapture(CUstream, CUgraph *graph) {
  if (!capturing) return refuse(invalid_value, "no capture to end");
  capturing = false;
  log("end capture nodes %zu", nodes);
  *graph = reinterpret_cast<CUgraph>(new Graph{nodes});
  return 0;
}
CUresult cuStreamIsCapturing(CUstream, int *status) { return *status = capturing, 0; }
CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, uint64_t) {
  *executable = reinterpret_cast<CUgraphExec>(new Graph(*reinterpret_cast<Graph *>(graph)));
  return 0;
}
CUresult cuGraphLaunch(CUgraphExec executable, CUstream) {
  log("graph of %zu", reinterpret_cast<Graph *>(executable)->nodes);
  return 0;
}
CUresult cuGraphExecDestroy(CUgraphExec executable) {
  return delete reinterpret_cast<Graph *>(executable), 0;
}
CUresult cuGraphDestroy(CUgraph graph) { return delete reinterpret_cast<Graph *>(graph), 0; }

}  // extern "C"

// cuBLASLt and cuDNN count their nodes here.
namespace stand_in {
void count_node() { nodes += capturing; }
bool is_memory(uint64_t address) { return is_allocated(address, 1); }
}  // namespace stand_in
