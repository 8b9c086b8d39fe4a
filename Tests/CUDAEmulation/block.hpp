// A block of threads on the CPU: each is a fiber, and they take turns on one thread of the system.
//
// A fiber runs until it waits for the others, at __syncthreads or at a shuffle; the last to arrive
// wakes them. Where all that are left wait and none can go on, threads do not meet: the run is
// stopped and says so, where a device would hang.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace emulation {

constexpr unsigned lanes_of_warp = 32;
constexpr size_t stack_bytes = 1 << 16;

// Where threads meet: a count of arrivals, and how often all have met.
struct Meeting {
  unsigned arrived = 0;
  unsigned round = 0;
};

struct Warp {
  Meeting meeting;
  uint64_t values[lanes_of_warp];
};

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  bool is_done = false;
  void *shadow_stack = nullptr;  // of the address sanitizer
};

class Block {
 public:
  explicit Block(unsigned threads);

  // Runs `body` once for each thread. Returns false where threads do not meet.
  bool run(const std::function<void()> &body);

  // Called by the running fiber.
  unsigned thread() const { return current; }
  void meet_block() { meet(meeting, unsigned(fibers.size())); }
  uint64_t exchange(uint64_t value, unsigned source_lane);

 private:
  static void enter();
  void meet(Meeting &meeting, unsigned count);
  void resume(unsigned thread);
  void suspend(bool for_good);

  std::vector<Fiber> fibers;
  std::vector<Warp> warps;
  Meeting meeting;
  Fiber scheduler;
  const std::function<void()> *body = nullptr;
  unsigned current = 0;
  uint64_t progress = 0;
  const void *scheduler_stack = nullptr;
  size_t scheduler_stack_bytes = 0;
};

// The block that runs on this thread of the system.
extern thread_local Block *running;

}  // namespace emulation
