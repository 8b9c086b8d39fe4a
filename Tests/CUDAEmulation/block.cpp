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
  const unsigned count = unsigned(fibers.size());
  size_t left = count;
  uint64_t seen = progress - 1;
  for (unsigned turn = 0; left > 0 && progress != seen; turn++) {
    seen = progress;
    left = 0;
    // From the first thread, then from the last: where __syncthreads is forgotten, one of the two
    // finds what is not there yet.
    for (unsigned i = 0; i < count; i++) {
      const unsigned thread = turn % 2 ? count - 1 - i : i;
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

void Block::meet_warp() {
  const unsigned first = current / lanes_of_warp * lanes_of_warp;
  const unsigned rest = unsigned(fibers.size()) - first;
  meet(warps[current / lanes_of_warp].meeting, rest < lanes_of_warp ? rest : lanes_of_warp);
}

void Block::finish_copies() {
  for (const Copy &copy : fibers[current].copies) {
    if (copy.is_there)
      std::memcpy(copy.to, copy.from, copy.bytes);
    else
      std::memset(copy.to, 0, copy.bytes);
  }
  fibers[current].copies.clear();
}

}  // namespace emulation
