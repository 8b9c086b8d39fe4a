import CCUDA
import Synchronization

/// The time of all calls of one name, which is a call's function and shape.
package struct CallTime: Sendable {
  package let name: String
  package private(set) var count = 0
  package private(set) var milliseconds = 0.0

  fileprivate init(name: String) { self.name = name }

  fileprivate mutating func add(_ milliseconds: Double) {
    count += 1
    self.milliseconds += milliseconds
  }
}

/// Waits for each call, or times it, where `LORA_CUDA_SYNC` or `LORA_CUDA_TIMES` asks for it.
@safe final class CallWatch: Sendable {
  /// A call whose events are not read yet.
  @safe private struct Pending {
    let name: String
    nonisolated(unsafe) let start: CUevent?
    nonisolated(unsafe) let end: CUevent?
  }

  private struct State {
    var times: [String: CallTime] = [:]
    var pending: [Pending] = []
  }

  private let isTiming: Bool
  private let state = Mutex(State())

  /// - Returns: `nil` where calls are not watched.
  init?(_ switches: DeviceSwitches) {
    isTiming = switches.has(.times)
    guard isTiming || switches.has(.synchronous) else { return nil }
  }

  /// Does a call's work and watches it.
  func observe<Failure: Error>(
    _ name: String, _ context: Context, _ work: () throws(Failure) -> Void
  ) throws(Failure) {
    guard isTiming else {
      try work()
      return context.synchronize(after: name)
    }
    let start = unsafe record(context)
    try work()
    let end = unsafe record(context)
    let isFull = state.withLock { state in
      state.pending.append(unsafe Pending(name: name, start: start, end: end))
      return state.pending.count >= 1024
    }
    if isFull { read(context) }
  }

  /// The times of all calls so far by name, the longest first.
  func times(_ context: Context) -> [CallTime] {
    read(context)
    return state.withLock { state in
      state.times.values.sorted { ($1.milliseconds, $0.name) < ($0.milliseconds, $1.name) }
    }
  }

  private func record(_ context: Context) -> CUevent? {
    var event: CUevent?
    context.perform("cuEventCreate") { unsafe $0.functions.pointee.cuEventCreate(&event, 0) }
    context.perform("cuEventRecord") {
      unsafe $0.functions.pointee.cuEventRecord(event, context.stream)
    }
    return unsafe event
  }

  private func read(_ context: Context) {
    context.synchronize()
    state.withLock { state in
      for call in state.pending {
        var time: Float = 0
        context.perform("cuEventElapsedTime") {
          unsafe $0.functions.pointee.cuEventElapsedTime(&time, call.start, call.end)
        }
        unsafe context.destroy(call.start)
        unsafe context.destroy(call.end)
        state.times[call.name, default: CallTime(name: call.name)].add(Double(time))
      }
      state.pending = []
    }
  }
}

extension CUDABackend {
  /// The times of `LORA_CUDA_TIMES` by call, the longest first; `nil` where calls are not timed.
  package var callTimes: [CallTime]? {
    guard context.switches.has(.times) else { return nil }
    return context.watch?.times(context)
  }
}
