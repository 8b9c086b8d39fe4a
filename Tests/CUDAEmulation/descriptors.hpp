// cuDNN's descriptors, as convolutions.cpp needs them.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "CUDAEmulation.h"

namespace emulation {

enum { bad_parameter = 2000, not_ready = 2004, wrong_type = 2010, not_supported = 3000 };

struct Engine {
  std::vector<int32_t> notes, behaviour;
  int64_t workspace;
  float milliseconds;
  int plan_status, run_status;
};

extern const Engine engines[10];

struct Descriptor {
  int kind;
  bool is_ready = false;
  std::map<int, std::vector<char>> values;
  int engine = -1;               // of a configuration or an engine
  Descriptor *graph = nullptr;   // of a configuration

  template <typename Value>
  Value get(int attribute, int index = 0) const {
    Value value;
    std::memcpy(&value, values.at(attribute).data() + size_t(index) * sizeof value, sizeof value);
    return value;
  }
  const Descriptor &part(int attribute) const { return *get<Descriptor *>(attribute); }
  int64_t extent(int index) const { return get<int64_t>(LORA_TENSOR_EXTENTS, index); }
};

inline Descriptor &of(cudnnBackendDescriptor_t descriptor) {
  return *static_cast<Descriptor *>(descriptor);
}

// A convolution: which tensors, and how.
struct Convolution {
  const Descriptor &picture, &filter, &result, &how;
  bool is_forward;

  explicit Convolution(const Descriptor &operation)
      : picture(operation.part(operation.kind == LORA_CUDNN_FORWARD
                                   ? int(LORA_FORWARD_INPUT)
                                   : int(LORA_BACKWARD_INPUT_GRADIENT))),
        filter(operation.part(operation.kind == LORA_CUDNN_FORWARD ? int(LORA_FORWARD_FILTER)
                                                                   : int(LORA_BACKWARD_FILTER))),
        result(operation.part(operation.kind == LORA_CUDNN_FORWARD
                                  ? int(LORA_FORWARD_OUTPUT)
                                  : int(LORA_BACKWARD_OUTPUT_GRADIENT))),
        how(operation.part(operation.kind == LORA_CUDNN_FORWARD
                               ? int(LORA_FORWARD_CONVOLUTION)
                               : int(LORA_BACKWARD_CONVOLUTION))),
        is_forward(operation.kind == LORA_CUDNN_FORWARD) {}

  bool is_consistent() const {
    if (picture.extent(0) != result.extent(0) || picture.extent(1) != filter.extent(1) ||
        filter.extent(0) != result.extent(1))
      return false;
    for (int axis = 0; axis < 2; axis++) {
      const int64_t padded = picture.extent(2 + axis) +
                             how.get<int64_t>(LORA_CONVOLUTION_PADDING_BEFORE, axis) +
                             how.get<int64_t>(LORA_CONVOLUTION_PADDING_AFTER, axis);
      if ((padded - filter.extent(2 + axis)) / how.get<int64_t>(LORA_CONVOLUTION_STRIDES, axis) +
              1 !=
          result.extent(2 + axis))
        return false;
    }
    return true;
  }
};

// As cuDNN's functions of these names; they return a status, 0 for success.
int set(Descriptor &descriptor, int attribute, int type, int64_t count, const void *values);
int finalize(Descriptor &descriptor);
int get(const Descriptor &descriptor, int attribute, int type, int64_t requested, int64_t *count,
        void *values);

}  // namespace emulation
