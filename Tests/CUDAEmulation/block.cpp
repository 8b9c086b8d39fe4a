#include "block.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif

namespace emulation {

thread_local Block *running = nullptr;

Block::Block(unsigned threads)
    : fibers(threads), warps((threads + lanes_of_warp - 1) / lanes_of_warp) {}

bool Block::run(const std::function<void()> &body) {
  this->body = &body;
  Block *const outer = running;
  running = this;
  for (Fiber &fiber : fibers) {
    fiber.stack.reset(new char[stack_bytes]);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = stack_bytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, &Block::enter, 0);
  }
  size_t left = fibers.size();
  uint64_t seen = progress - 1;
  while (left > 0 && progress != seen) {
    seen = progress;
    left = 0;
    for (unsigned thread = 0; thread < fibers.size(); thread++) {
      if (!fibers[thread].is_done) resume(thread);
      left += !fibers[thread].is_done;
    }
  }
  running = outer;
  return left == 0;
}

void Block::enter() {
  Block &block = *running;
#ifdef HAS_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(nullptr, &block.scheduler_stack, &block.scheduler_stack_bytes);
#endif
  (*block.body)();
  block.fibers[block.current].is_done = true;
  block.progress++;
  block.suspend(true);
}

void Block::resume(unsigned thread) {
  current = thread;
#ifdef HAS_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber(&scheduler.shadow_stack, fibers[thread].stack.get(), stack_bytes);
#endif
  swapcontext(&scheduler.context, &fibers[thread].context);
#ifdef HAS_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(scheduler.shadow_stack, nullptr, nullptr);
#endif
}

void Block::suspend(bool for_good) {
  Fiber &fiber = fibers[current];
#ifdef HAS_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fiber.shadow_stack, scheduler_stack,
                                 scheduler_stack_bytes);
#endif
  (void)for_good;
  swapcontext(&fiber.context, &scheduler.context);
#ifdef HAS_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(fiber.shadow_stack, &scheduler_stack, &scheduler_stack_bytes);
#endif
}

void Block::meet(Meeting &meeting, unsigned count) {
  const unsigned round = meeting.round;
  progress++;
  if (++meeting.arrived == count) {
    meeting.arrived = 0;
    meeting.round++;
    return;
  }
  while (meeting.round == round) suspend(false);
}

uint64_t Block::exchange(uint64_t value, unsigned source_lane) {
  const unsigned first = current / lanes_of_warp * lanes_of_warp;
  const unsigned rest = unsigned(fibers.size()) - first;
  const unsigned lanes = rest < lanes_of_warp ? rest : lanes_of_warp;
  Warp &warp = warps[current / lanes_of_warp];
  warp.values[current - first] = value;
  meet(warp.meeting, lanes);
  const uint64_t received = warp.values[source_lane];
  meet(warp.meeting, lanes);  // the values may be written again at once
  return received;
}

}  // namespace emulation
