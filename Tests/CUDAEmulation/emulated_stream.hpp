// Work for the "device": done at once, or kept while a graph is recorded.
#pragma once

#include <functional>
#include <vector>

#include "CUDAEmulation.h"

namespace emulation {

using Work = std::function<void()>;

struct Stream {
  std::vector<Work> recorded;
};

// The stream that this thread of the system records, if any.
extern thread_local Stream *capturing;
extern thread_local lora_emulation_counts counts;
extern thread_local float last_product_milliseconds;

void submit(Work work);

}  // namespace emulation
