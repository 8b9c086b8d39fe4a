// A block of threads on the CPU: each is a fiber, and they take turns on one thread of the system.
//
// A fiber runs until it waits for the others, at __syncthreads or at a shuffle; the last to arrive
// wakes them. Where all that are left wait and none can go on, threads do not meet: the run is
// stopped and says so, where a device would hang.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
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

constexpr size_t most_shown = 32;

struct Warp {
  Meeting meeting;

  // What lanes show each other, in turns: the last round's may still be read.
  alignas(16) char shown[2][lanes_of_warp * most_shown];
};

// A copy into shared memory that was started and not yet waited for.
struct Copy {
  void *to;
  const void *from;
  size_t bytes;
  bool is_there;  // or else zeros are written
};

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  bool is_done = false;
  std::vector<Copy> copies;
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
  void start(const Copy &copy) { fibers[current].copies.push_back(copy); }
  void finish_copies();

  // What each lane of the warp shows, by lane: there until this one shows something else.
  template <typename T>
  const T *shown_by_lanes(const T &value) {
    static_assert(sizeof(T) <= most_shown);
    const unsigned lane = current % lanes_of_warp;
    Warp &warp = warps[current / lanes_of_warp];
    char *const shown = warp.shown[warp.meeting.round % 2];
    std::memcpy(shown + lane * sizeof(T), &value, sizeof(T));
    meet_warp();
    return reinterpret_cast<const T *>(shown);
  }

 private:
  void meet_warp();
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
