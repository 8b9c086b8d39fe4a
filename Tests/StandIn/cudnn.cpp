// cuDNN as a library that computes nothing: one engine takes every convolution, and logs it.
#include <cstring>
#include <map>
#include <vector>

#include "CCUDA.h"
#include "log.hpp"

namespace stand_in {
void count_node();
}

namespace {

struct Descriptor {
  int kind;
  std::map<int, std::vector<int64_t>> values;
  Descriptor *graph = nullptr;  // of a configuration

  Descriptor &part(int attribute) {
    return *reinterpret_cast<Descriptor *>(values.at(attribute).at(0));
  }
};

Descriptor &of(cudnnBackendDescriptor_t descriptor) {
  return *static_cast<Descriptor *>(descriptor);
}

// The bytes of a value of an attribute's type.
size_t width(int type) {
  switch (type) {
    case LORA_CUDNN_TYPE_HANDLE:
    case LORA_CUDNN_TYPE_INT64:
    case LORA_CUDNN_TYPE_POINTER:
    case LORA_CUDNN_TYPE_DESCRIPTOR: return 8;
    default: return 4;
  }
}

}  // namespace

extern "C" {

size_t cudnnGetVersion(void) { return 91900; }
const char *cudnnGetErrorString(cudnnStatus_t) { return "STAND_IN"; }
void cudnnGetLastErrorString(char *message, size_t) { *message = 0; }
cudnnStatus_t cudnnCreate(cudnnHandle_t *handle) {
  return *handle = reinterpret_cast<cudnnHandle_t>(8), stand_in::number("STAND_IN_CUDNN", 0);
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t) { return 0; }
cudnnStatus_t cudnnSetStream(cudnnHandle_t, CUstream) { return 0; }
cudnnStatus_t cudnnBackendCreateDescriptor(int kind, cudnnBackendDescriptor_t *descriptor) {
  return *descriptor = new Descriptor{kind, {}}, 0;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  return delete static_cast<Descriptor *>(descriptor), 0;
}
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t) { return 0; }
cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, int attribute, int type,
                                       int64_t count, const void *values) {
  auto &list = of(descriptor).values[attribute];
  list.assign(size_t(count), 0);
  for (int64_t i = 0; i < count; i++)
    std::memcpy(&list[size_t(i)], static_cast<const char *>(values) + size_t(i) * width(type),
                width(type));
  return 0;
}
cudnnStatus_t cudnnBackendGetAttribute(const cudnnBackendDescriptor_t descriptor, int attribute,
                                       int, int64_t, int64_t *count, void *values) {
  *count = 0;
  switch (attribute) {
    case LORA_HEURISTICS_RESULTS:
      *count = 1;
      of(*static_cast<cudnnBackendDescriptor_t *>(values)).graph =
          &of(descriptor).part(LORA_HEURISTICS_GRAPH);
      break;
    case LORA_CONFIGURATION_ENGINE: *count = 1; break;
    case LORA_ENGINE_INDEX:
    case LORA_PLAN_WORKSPACE:
      *count = 1;
      *static_cast<int64_t *>(values) = 0;
      break;
  }
  return 0;
}
cudnnStatus_t cudnnBackendExecute(cudnnHandle_t, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t) {
  auto &operation =
      of(plan).part(LORA_PLAN_CONFIGURATION).graph->part(LORA_GRAPH_OPERATIONS);
  const bool is_forward = operation.kind == LORA_CUDNN_FORWARD;
  const auto extents = [&](int attribute) {
    return operation.part(attribute).values.at(LORA_TENSOR_EXTENTS);
  };
  const auto picture =
      extents(is_forward ? int(LORA_FORWARD_INPUT) : int(LORA_BACKWARD_INPUT_GRADIENT));
  const auto filter = extents(is_forward ? int(LORA_FORWARD_FILTER) : int(LORA_BACKWARD_FILTER));
  stand_in::count_node();
  stand_in::log("convolution %s %ld x %ld x %ld x %ld to %ld by %ld",
                is_forward ? "forward" : "backward", picture[0], picture[2], picture[3], picture[1],
                filter[0], filter[2]);
  return 0;
}

}  // extern "C"
