// cuDNN's convolutions by plain loops, in float64, rounded once.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "CUDAEmulation.h"
#include "descriptors.hpp"
#include "elements.hpp"
#include "emulated_stream.hpp"

namespace {

using emulation::Descriptor;
using emulation::of;

int cuda_type(const Descriptor &tensor) {
  switch (tensor.get<int32_t>(LORA_TENSOR_TYPE)) {
    case LORA_CUDNN_FLOAT: return LORA_CUDA_R_32F;
    case LORA_CUDNN_HALF: return LORA_CUDA_R_16F;
    case LORA_CUDNN_BFLOAT16: return LORA_CUDA_R_16BF;
  }
  std::abort();
}

// What is left of the descriptors when they are gone.
struct Loops {
  int type;
  bool is_forward;
  int64_t samples, inputs, outputs, height, width, result_height, result_width;
  int64_t kernel_height, kernel_width, top, left, down, across;

  explicit Loops(const emulation::Convolution &c)
      : type(cuda_type(c.picture)),
        is_forward(c.is_forward),
        samples(c.picture.extent(0)),
        inputs(c.picture.extent(1)),
        outputs(c.result.extent(1)),
        height(c.picture.extent(2)),
        width(c.picture.extent(3)),
        result_height(c.result.extent(2)),
        result_width(c.result.extent(3)),
        kernel_height(c.filter.extent(2)),
        kernel_width(c.filter.extent(3)),
        top(c.how.get<int64_t>(LORA_CONVOLUTION_PADDING_BEFORE, 0)),
        left(c.how.get<int64_t>(LORA_CONVOLUTION_PADDING_BEFORE, 1)),
        down(c.how.get<int64_t>(LORA_CONVOLUTION_STRIDES, 0)),
        across(c.how.get<int64_t>(LORA_CONVOLUTION_STRIDES, 1)) {}

  // Calls `body` with each pixel of the result, each that it sees, and the place in the kernel.
  template <typename Body>
  void for_pairs(Body body) const {
    for (int64_t sample = 0; sample < samples; sample++)
      for (int64_t row = 0; row < result_height; row++)
        for (int64_t column = 0; column < result_width; column++)
          for (int64_t place = 0; place < kernel_height * kernel_width; place++) {
            const int64_t y = row * down - top + place / kernel_width;
            const int64_t x = column * across - left + place % kernel_width;
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            body((sample * result_height + row) * result_width + column,
                 (sample * height + y) * width + x, place);
          }
  }

  std::vector<double> read(const void *base, int64_t count) const {
    std::vector<double> values(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; i++) values[size_t(i)] = emulation::element(base, type, i);
    return values;
  }

  void run(void *picture, const void *filter, void *result) const {
    const int64_t places = kernel_height * kernel_width;
    const auto weights = read(filter, outputs * places * inputs);
    const int64_t picture_count = samples * height * width * inputs;
    const int64_t result_count = samples * result_height * result_width * outputs;
    const auto source =
        is_forward ? read(picture, picture_count) : read(result, result_count);
    std::vector<double> sums(size_t(is_forward ? result_count : picture_count));
    for_pairs([&](int64_t to, int64_t from, int64_t place) {
      for (int64_t output = 0; output < outputs; output++) {
        const double *weight = &weights[size_t((output * places + place) * inputs)];
        for (int64_t input = 0; input < inputs; input++) {
          const size_t seen = size_t(from * inputs + input), made = size_t(to * outputs + output);
          if (is_forward)
            sums[made] += weight[input] * source[seen];
          else
            sums[seen] += weight[input] * source[made];
        }
      }
    });
    void *target = is_forward ? result : picture;
    for (size_t i = 0; i < sums.size(); i++)
      emulation::store(target, type, int64_t(i), sums[i]);
  }
};

int execute(cudnnHandle_t handle, const Descriptor &plan, const Descriptor &pack) {
  if (!handle || plan.kind != LORA_CUDNN_PLAN || pack.kind != LORA_CUDNN_VARIANT_PACK ||
      !plan.is_ready || !pack.is_ready)
    return emulation::not_ready;
  const Descriptor &configuration = plan.part(LORA_PLAN_CONFIGURATION);
  const emulation::Engine &engine = emulation::engines[configuration.engine];
  if (engine.run_status) return engine.run_status;
  if (engine.workspace > 0) {
    void *workspace = pack.get<void *>(LORA_PACK_WORKSPACE);
    if (!workspace) return emulation::bad_parameter;
    emulation::submit([=] { std::memset(workspace, 0xff, size_t(engine.workspace)); });
  }
  const emulation::Convolution convolution(configuration.graph->part(LORA_GRAPH_OPERATIONS));
  void *operands[3] = {};
  const Descriptor *tensors[] = {&convolution.picture, &convolution.filter, &convolution.result};
  for (int tensor = 0; tensor < 3; tensor++)
    for (int i = 0; i < 3; i++)
      if (pack.get<int64_t>(LORA_PACK_IDENTIFIERS, i) ==
          tensors[tensor]->get<int64_t>(LORA_TENSOR_IDENTIFIER))
        operands[tensor] = pack.get<void *>(LORA_PACK_POINTERS, i);
  for (const void *operand : operands)
    if (!operand || reinterpret_cast<uintptr_t>(operand) % 16) return emulation::bad_parameter;
  const Loops loops(convolution);
  emulation::last_product_milliseconds = loops.kernel_height == 5 ? 9.0f : engine.milliseconds;
  emulation::counts.engines[configuration.engine]++;
  emulation::submit([=] { loops.run(operands[0], operands[1], operands[2]); });
  return 0;
}

lora_cudnn table() {
  lora_cudnn t = {};
  t.cudnnGetVersion = [] { return size_t(90000); };
  t.cudnnGetErrorString = [](cudnnStatus_t) { return "EMULATED"; };
  t.cudnnGetLastErrorString = [](char *message, size_t capacity) {
    std::strncpy(message, "emulated fault", capacity);
  };
  t.cudnnCreate = [](cudnnHandle_t *handle) {
    return *handle = reinterpret_cast<cudnnHandle_t>(new int), 0;
  };
  t.cudnnDestroy = [](cudnnHandle_t handle) { return delete reinterpret_cast<int *>(handle), 0; };
  t.cudnnSetStream = [](cudnnHandle_t, CUstream stream) { return stream ? 0 : 1; };
  t.cudnnBackendCreateDescriptor = [](int kind, cudnnBackendDescriptor_t *descriptor) {
    *descriptor = new Descriptor();
    of(*descriptor).kind = kind;
    return 0;
  };
  t.cudnnBackendDestroyDescriptor = [](cudnnBackendDescriptor_t descriptor) {
    return delete &of(descriptor), 0;
  };
  t.cudnnBackendFinalize = [](cudnnBackendDescriptor_t d) { return emulation::finalize(of(d)); };
  t.cudnnBackendSetAttribute = [](cudnnBackendDescriptor_t d, int attribute, int type,
                                  int64_t count, const void *values) {
    return emulation::set(of(d), attribute, type, count, values);
  };
  t.cudnnBackendGetAttribute = [](const cudnnBackendDescriptor_t d, int attribute, int type,
                                  int64_t requested, int64_t *count, void *values) {
    return emulation::get(of(d), attribute, type, requested, count, values);
  };
  t.cudnnBackendExecute = [](cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                             cudnnBackendDescriptor_t pack) {
    return execute(handle, of(plan), of(pack));
  };
  return t;
}

}  // namespace

const lora_cudnn *lora_emulated_cudnn(void) {
  static const lora_cudnn convolutions = table();
  return &convolutions;
}
