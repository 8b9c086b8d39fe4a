import Glibc
import Synchronization

/// Threads that share the parts of one operation after another.
///
/// A training step is some thousand operations of 5 to 500 µs. Waking a sleeping thread costs about
/// 50 µs on a virtual machine (`DispatchQueue.concurrentPerform` gains nothing below 150 µs of
/// work), so that between operations a worker watches for the next one, giving way to others, and
/// sleeps only after some milliseconds without work.
final class Workers: Sendable {
  /// The number of parts that run at once, the caller's thread included.
  let count: Int
  private let crew = Crew()

  init(count: Int) {
    precondition(count > 0, "work needs a thread, not \(count)")
    self.count = count
    for _ in 1..<count {
      let thread = unsafe Unmanaged.passRetained(crew).toOpaque()
      var handle = pthread_t()
      let failure = unsafe pthread_create(
        &handle, nil,
        { argument in
          if let argument = unsafe argument {
            unsafe Unmanaged<Crew>.fromOpaque(argument).takeRetainedValue().work()
          }
          return nil
        }, thread)
      precondition(failure == 0, "pthread_create failed with \(failure)")
      pthread_detach(handle)
    }
  }

  deinit { crew.stop() }

  /// Calls `body` with each number below `parts`, on all threads, and waits until all are done.
  ///
  /// Not from within a part, and from one thread at a time.
  func perform(_ parts: Int, _ body: (Int) -> Void) {
    if parts <= 1 || count == 1 {
      for part in 0..<parts { body(part) }
      return
    }
    withoutActuallyEscaping(body) { body in
      crew.run(Job(parts: parts, body: body))
    }
  }
}

/// One operation's parts.
private final class Job: Sendable {
  let parts: Int
  nonisolated(unsafe) let body: (Int) -> Void

  init(parts: Int, body: @escaping (Int) -> Void) {
    self.parts = parts
    unsafe self.body = body
  }
}

/// The state that the threads share.
private final class Crew: Sendable {
  /// The number of the job in the upper half, its parts that no one has taken in the lower.
  ///
  /// One word, so that a thread that comes late cannot take a part of a job it did not see.
  private let ticket = Atomic<UInt64>(0)

  /// The `Job` of that number, alive while it has parts left or visitors.
  private let job = Atomic<UInt>(0)

  /// Workers that may hold the job.
  private let visitors = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let isStopping = Atomic<Bool>(false)
  private let wakeUp = Semaphore()

  func run(_ job: Job) {
    self.job.store(
      UInt(bitPattern: unsafe Unmanaged.passUnretained(job).toOpaque()), ordering: .relaxed)
    let number = (ticket.load(ordering: .relaxed) >> 32) &+ 1
    ticket.store(number << 32 | UInt64(job.parts), ordering: .sequentiallyConsistent)
    for _ in 0..<sleepers.exchange(0, ordering: .sequentiallyConsistent) { wakeUp.signal() }
    while takePart() {}
    var turns = 0
    while visitors.load(ordering: .acquiring) > 0 {
      turns += 1
      if turns % 1024 == 0 { sched_yield() }
    }
  }

  func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    for _ in 0..<sleepers.exchange(0, ordering: .sequentiallyConsistent) { wakeUp.signal() }
  }

  /// The loop of a worker's thread.
  func work() {
    var idleTurns = 0
    while !isStopping.load(ordering: .relaxed) {
      if ticket.load(ordering: .relaxed) & 0xffff_ffff > 0 {
        visitors.add(1, ordering: .sequentiallyConsistent)
        while takePart() {}
        visitors.subtract(1, ordering: .releasing)
        idleTurns = 0
        continue
      }
      idleTurns += 1
      if idleTurns % 256 == 0 { sched_yield() }
      if idleTurns == 1 << 16 {
        sleep()
        idleTurns = 0
      }
    }
  }

  private func sleep() {
    sleepers.add(1, ordering: .sequentiallyConsistent)
    let ticket = ticket.load(ordering: .sequentiallyConsistent)
    if ticket & 0xffff_ffff == 0 && !isStopping.load(ordering: .sequentiallyConsistent) {
      wakeUp.wait()
    }
  }

  /// Runs one part of the present job, if one is left.
  ///
  /// Not inlined: it must have let go of the job when it returns.
  @inline(never)
  private func takePart() -> Bool {
    let ticket = ticket.load(ordering: .sequentiallyConsistent)
    let left = ticket & 0xffff_ffff
    guard left > 0 else { return false }
    let address = job.load(ordering: .relaxed)
    let (isMine, _) = self.ticket.compareExchange(
      expected: ticket, desired: ticket - 1, ordering: .sequentiallyConsistent)
    guard isMine, let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return true }
    let job = unsafe Unmanaged<Job>.fromOpaque(pointer).takeUnretainedValue()
    unsafe job.body(job.parts - Int(left))
    return true
  }
}

/// A counting semaphore of the system.
@safe private final class Semaphore: Sendable {
  private nonisolated(unsafe) let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { unsafe sem_init(semaphore, 0, 0) }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  func signal() { unsafe sem_post(semaphore) }

  func wait() { unsafe sem_wait(semaphore) }
}
