// A descriptor takes only attributes of its kind, of the right type and count, and none twice or
// late; it is ready when all are set, and what they name is ready and fits.
#include "descriptors.hpp"

#include <algorithm>

namespace emulation {

constexpr int first_of_fallback = 9;
const Engine engines[10] = {
    {{LORA_NOTE_NONDETERMINISTIC}, {}, 0, 0.1f, 0, 0},
    {{LORA_NOTE_TENSOR_CORE, LORA_NOTE_ROUNDS_SUMS}, {}, 0, 0.1f, 0, 0},
    {{}, {}, int64_t(1) << 30, 0.1f, 0, 0},
    {{}, {}, 0, 0.1f, not_supported, 0},
    {{}, {}, 0, 0.1f, 0, 5000},
    {{}, {}, 0, 0.9f, 0, 0},
    {{}, {}, 4096, 0.5f, 0, 0},
    {{}, {LORA_NOTE_COMPILES}, 0, 0.1f, 0, 0},
    {{LORA_NOTE_ROUNDS_INPUTS}, {}, 0, 0.1f, 0, 0},
    {{}, {}, 0, 0.9f, 0, 0},
};

namespace {

struct Rule {
  int kind, attribute, type;
  int64_t count;
  int part;  // the kind of a descriptor that is named; 0 for an operation
};

constexpr Rule rules[] = {
    {LORA_CUDNN_TENSOR, LORA_TENSOR_TYPE, LORA_CUDNN_TYPE_DATA_TYPE, 1, 0},
    {LORA_CUDNN_TENSOR, LORA_TENSOR_EXTENTS, LORA_CUDNN_TYPE_INT64, 4, 0},
    {LORA_CUDNN_TENSOR, LORA_TENSOR_STRIDES, LORA_CUDNN_TYPE_INT64, 4, 0},
    {LORA_CUDNN_TENSOR, LORA_TENSOR_IDENTIFIER, LORA_CUDNN_TYPE_INT64, 1, 0},
    {LORA_CUDNN_TENSOR, LORA_TENSOR_ALIGNMENT, LORA_CUDNN_TYPE_INT64, 1, 0},
    {LORA_CUDNN_CONVOLUTION, LORA_CONVOLUTION_COMPUTE_TYPE, LORA_CUDNN_TYPE_DATA_TYPE, 1, 0},
    {LORA_CUDNN_CONVOLUTION, LORA_CONVOLUTION_MODE, LORA_CUDNN_TYPE_CONVOLUTION_MODE, 1, 0},
    {LORA_CUDNN_CONVOLUTION, LORA_CONVOLUTION_DIMENSIONS, LORA_CUDNN_TYPE_INT64, 1, 0},
    {LORA_CUDNN_CONVOLUTION, LORA_CONVOLUTION_DILATIONS, LORA_CUDNN_TYPE_INT64, 2, 0},
    {LORA_CUDNN_CONVOLUTION, LORA_CONVOLUTION_STRIDES, LORA_CUDNN_TYPE_INT64, 2, 0},
    {LORA_CUDNN_CONVOLUTION, LORA_CONVOLUTION_PADDING_BEFORE, LORA_CUDNN_TYPE_INT64, 2, 0},
    {LORA_CUDNN_CONVOLUTION, LORA_CONVOLUTION_PADDING_AFTER, LORA_CUDNN_TYPE_INT64, 2, 0},
    {LORA_CUDNN_FORWARD, LORA_FORWARD_INPUT, LORA_CUDNN_TYPE_DESCRIPTOR, 1, LORA_CUDNN_TENSOR},
    {LORA_CUDNN_FORWARD, LORA_FORWARD_FILTER, LORA_CUDNN_TYPE_DESCRIPTOR, 1, LORA_CUDNN_TENSOR},
    {LORA_CUDNN_FORWARD, LORA_FORWARD_OUTPUT, LORA_CUDNN_TYPE_DESCRIPTOR, 1, LORA_CUDNN_TENSOR},
    {LORA_CUDNN_FORWARD, LORA_FORWARD_CONVOLUTION, LORA_CUDNN_TYPE_DESCRIPTOR, 1,
     LORA_CUDNN_CONVOLUTION},
    {LORA_CUDNN_FORWARD, LORA_FORWARD_ALPHA, LORA_CUDNN_TYPE_FLOAT, 1, 0},
    {LORA_CUDNN_FORWARD, LORA_FORWARD_BETA, LORA_CUDNN_TYPE_FLOAT, 1, 0},
    {LORA_CUDNN_BACKWARD_DATA, LORA_BACKWARD_INPUT_GRADIENT, LORA_CUDNN_TYPE_DESCRIPTOR, 1,
     LORA_CUDNN_TENSOR},
    {LORA_CUDNN_BACKWARD_DATA, LORA_BACKWARD_FILTER, LORA_CUDNN_TYPE_DESCRIPTOR, 1,
     LORA_CUDNN_TENSOR},
    {LORA_CUDNN_BACKWARD_DATA, LORA_BACKWARD_OUTPUT_GRADIENT, LORA_CUDNN_TYPE_DESCRIPTOR, 1,
     LORA_CUDNN_TENSOR},
    {LORA_CUDNN_BACKWARD_DATA, LORA_BACKWARD_CONVOLUTION, LORA_CUDNN_TYPE_DESCRIPTOR, 1,
     LORA_CUDNN_CONVOLUTION},
    {LORA_CUDNN_BACKWARD_DATA, LORA_BACKWARD_ALPHA, LORA_CUDNN_TYPE_FLOAT, 1, 0},
    {LORA_CUDNN_BACKWARD_DATA, LORA_BACKWARD_BETA, LORA_CUDNN_TYPE_FLOAT, 1, 0},
    {LORA_CUDNN_GRAPH, LORA_GRAPH_OPERATIONS, LORA_CUDNN_TYPE_DESCRIPTOR, 1, 0},
    {LORA_CUDNN_GRAPH, LORA_GRAPH_HANDLE, LORA_CUDNN_TYPE_HANDLE, 1, 0},
    {LORA_CUDNN_HEURISTICS, LORA_HEURISTICS_GRAPH, LORA_CUDNN_TYPE_DESCRIPTOR, 1,
     LORA_CUDNN_GRAPH},
    {LORA_CUDNN_HEURISTICS, LORA_HEURISTICS_MODE, LORA_CUDNN_TYPE_HEURISTIC_MODE, 1, 0},
    {LORA_CUDNN_PLAN, LORA_PLAN_HANDLE, LORA_CUDNN_TYPE_HANDLE, 1, 0},
    {LORA_CUDNN_PLAN, LORA_PLAN_CONFIGURATION, LORA_CUDNN_TYPE_DESCRIPTOR, 1,
     LORA_CUDNN_CONFIGURATION},
    {LORA_CUDNN_VARIANT_PACK, LORA_PACK_WORKSPACE, LORA_CUDNN_TYPE_POINTER, 1, 0},
    {LORA_CUDNN_VARIANT_PACK, LORA_PACK_POINTERS, LORA_CUDNN_TYPE_POINTER, 3, 0},
    {LORA_CUDNN_VARIANT_PACK, LORA_PACK_IDENTIFIERS, LORA_CUDNN_TYPE_INT64, 3, 0},
};

size_t bytes_of(int type) {
  return type == LORA_CUDNN_TYPE_HANDLE || type == LORA_CUDNN_TYPE_INT64 ||
                 type == LORA_CUDNN_TYPE_POINTER || type == LORA_CUDNN_TYPE_DESCRIPTOR
             ? 8
             : 4;
}

// Channels last, dense, and of a known type.
bool is_sound(const Descriptor &tensor) {
  const int64_t channels = tensor.extent(1), width = tensor.extent(3);
  const int64_t strides[] = {tensor.extent(2) * width * channels, 1, width * channels, channels};
  for (int axis = 0; axis < 4; axis++)
    if (tensor.extent(axis) <= 0 || tensor.get<int64_t>(LORA_TENSOR_STRIDES, axis) != strides[axis])
      return false;
  const int32_t type = tensor.get<int32_t>(LORA_TENSOR_TYPE);
  return tensor.get<int64_t>(LORA_TENSOR_ALIGNMENT) == 16 &&
         (type == LORA_CUDNN_FLOAT || type == LORA_CUDNN_HALF || type == LORA_CUDNN_BFLOAT16);
}

int proposals(const Descriptor &heuristics, int64_t requested, int64_t *count,
              cudnnBackendDescriptor_t *results) {
  Descriptor &graph = *heuristics.get<Descriptor *>(LORA_HEURISTICS_GRAPH);
  const Convolution convolution(graph.part(LORA_GRAPH_OPERATIONS));
  const bool is_fallback = heuristics.get<int32_t>(LORA_HEURISTICS_MODE) == LORA_HEURISTICS_FALLBACK;
  int first = is_fallback ? first_of_fallback : 0, last = is_fallback ? 10 : first_of_fallback;
  if (!is_fallback && convolution.filter.extent(2) == 1) last = 0;
  *count = std::min(int64_t(last - first), requested);
  for (int64_t place = 0; first < last && place < requested; first++, place++) {
    Descriptor &result = of(results[place]);
    if (result.kind != LORA_CUDNN_CONFIGURATION || result.is_ready) return bad_parameter;
    result.engine = first;
    result.graph = &graph;
    result.is_ready = true;
  }
  return 0;
}

template <typename Value>
int answer(const std::vector<Value> &values, int64_t requested, int64_t *count, void *out) {
  *count = std::min(int64_t(values.size()), requested);
  std::memcpy(out, values.data(), size_t(*count) * sizeof(Value));
  return 0;
}

}  // namespace

int set(Descriptor &descriptor, int attribute, int type, int64_t count, const void *values) {
  if (descriptor.is_ready || descriptor.values.count(attribute)) return bad_parameter;
  for (const Rule &rule : rules) {
    if (rule.kind != descriptor.kind || rule.attribute != attribute) continue;
    if (rule.type != type) return wrong_type;
    if (rule.count != count || !values) return bad_parameter;
    const char *bytes = static_cast<const char *>(values);
    descriptor.values[attribute].assign(bytes, bytes + bytes_of(type) * size_t(count));
    if (type == LORA_CUDNN_TYPE_DESCRIPTOR) {
      const Descriptor &part = descriptor.part(attribute);
      if (!part.is_ready) return not_ready;
      if (rule.part && part.kind != rule.part) return bad_parameter;
    }
    return 0;
  }
  return bad_parameter;
}

int finalize(Descriptor &d) {
  if (d.is_ready) return bad_parameter;
  for (const Rule &rule : rules)
    if (rule.kind == d.kind && !d.values.count(rule.attribute)) return bad_parameter;
  const bool is_operation = d.kind == LORA_CUDNN_FORWARD || d.kind == LORA_CUDNN_BACKWARD_DATA;
  if (d.kind == LORA_CUDNN_TENSOR && !is_sound(d)) return bad_parameter;
  if (d.kind == LORA_CUDNN_CONVOLUTION &&
      (d.get<int32_t>(LORA_CONVOLUTION_COMPUTE_TYPE) != LORA_CUDNN_FLOAT ||
       d.get<int32_t>(LORA_CONVOLUTION_MODE) != LORA_CUDNN_CROSS_CORRELATION ||
       d.get<int64_t>(LORA_CONVOLUTION_DIMENSIONS) != 2))
    return bad_parameter;
  if (is_operation && !Convolution(d).is_consistent()) return bad_parameter;
  if (d.kind == LORA_CUDNN_GRAPH &&
      Convolution(d.part(LORA_GRAPH_OPERATIONS)).how.get<int64_t>(LORA_CONVOLUTION_STRIDES) > 2)
    return not_supported;
  if (d.kind == LORA_CUDNN_PLAN) {
    const int status = engines[d.part(LORA_PLAN_CONFIGURATION).engine].plan_status;
    if (status) return status;
  }
  if (d.kind == LORA_CUDNN_CONFIGURATION || d.kind == LORA_CUDNN_ENGINE) return not_supported;
  d.is_ready = true;
  return 0;
}

int get(const Descriptor &d, int attribute, int type, int64_t requested, int64_t *count,
        void *out) {
  if (!d.is_ready) return not_ready;
  auto *descriptors = static_cast<cudnnBackendDescriptor_t *>(out);
  if (attribute == LORA_HEURISTICS_RESULTS && type == LORA_CUDNN_TYPE_DESCRIPTOR)
    return proposals(d, requested, count, descriptors);
  if (attribute == LORA_CONFIGURATION_ENGINE && type == LORA_CUDNN_TYPE_DESCRIPTOR) {
    Descriptor &engine = of(descriptors[0]);
    if (d.kind != LORA_CUDNN_CONFIGURATION || engine.kind != LORA_CUDNN_ENGINE || requested != 1)
      return bad_parameter;
    engine.engine = d.engine;
    engine.is_ready = true;
    return *count = 1, 0;
  }
  if (attribute == LORA_ENGINE_INDEX && type == LORA_CUDNN_TYPE_INT64)
    return answer<int64_t>({d.engine}, requested, count, out);
  if (attribute == LORA_ENGINE_NUMERICAL_NOTES && type == LORA_CUDNN_TYPE_NUMERICAL_NOTE)
    return answer(engines[d.engine].notes, requested, count, out);
  if (attribute == LORA_ENGINE_BEHAVIOR_NOTES && type == LORA_CUDNN_TYPE_BEHAVIOR_NOTE)
    return answer(engines[d.engine].behaviour, requested, count, out);
  if (attribute == LORA_PLAN_WORKSPACE && type == LORA_CUDNN_TYPE_INT64)
    return answer<int64_t>({engines[d.part(LORA_PLAN_CONFIGURATION).engine].workspace}, requested,
                           count, out);
  return bad_parameter;
}

}  // namespace emulation
