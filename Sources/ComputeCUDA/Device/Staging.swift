import CCUDA
import Synchronization

/// Memory of the host that the device reads by itself, through which all goes that is sent.
///
/// A copy from other memory may wait until all earlier work is done; one from here returns at once,
/// while a step still runs. It is cut in two: one half is filled while the device reads the other.
@safe final class Staging: Sendable {
  @safe private struct State {
    /// `nil` before the first use, and where the system gives no such memory.
    nonisolated(unsafe) var memory: UnsafeMutableRawPointer?
    var isRefused = false
    var half = 0
    var used = 0

    /// Ends of the work that reads each half.
    nonisolated(unsafe) var ends: [CUevent?] = unsafe [nil, nil]
  }

  private let context: Context
  private let halfByteCount: Int
  private let state = Mutex(State())

  init(_ context: Context, halfByteCount: Int = 4 << 20) {
    self.context = context
    self.halfByteCount = halfByteCount
  }

  deinit {
    state.withLock { state in
      context.makeCurrentAtEnd()
      for index in 0..<2 { unsafe context.destroy(state.ends[index]) }
      if let memory = unsafe state.memory {
        _ = unsafe context.driver.functions.pointee.cuMemFreeHost(memory)
      }
    }
  }

  /// Copies bytes to the device; they may change when it returns.
  func send(_ bytes: UnsafeRawBufferPointer, to address: UInt64) {
    state.withLock { state in
      guard let memory = unsafe memory(&state) else {
        return unsafe copy(bytes, to: address)
      }
      var sent = 0
      while sent < bytes.count {
        if state.used == halfByteCount { turn(&state) }
        let count = min(bytes.count - sent, halfByteCount - state.used)
        let place = unsafe UnsafeMutableRawBufferPointer(
          start: memory + state.half * halfByteCount + state.used, count: count)
        unsafe place.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[sent..<sent + count]))
        unsafe copy(UnsafeRawBufferPointer(place), to: address + UInt64(sent))
        sent += count
        state.used = min(halfByteCount, (state.used + count + 63) / 64 * 64)
      }
    }
  }

  private func copy(_ bytes: UnsafeRawBufferPointer, to address: UInt64) {
    context.perform("cuMemcpyHtoDAsync") {
      unsafe $0.functions.pointee.cuMemcpyHtoDAsync_v2(
        address, bytes.baseAddress, bytes.count, context.stream)
    }
  }

  /// Goes on to the other half, when the device has read it.
  private func turn(_ state: inout State) {
    if unsafe state.ends[state.half] == nil {
      var event: CUevent?
      context.perform("cuEventCreate") {
        unsafe $0.functions.pointee.cuEventCreate(&event, UInt32(LORA_EVENT_NO_TIMING))
      }
      unsafe state.ends[state.half] = event
    }
    let end = unsafe state.ends[state.half]
    context.perform("cuEventRecord") {
      unsafe $0.functions.pointee.cuEventRecord(end, context.stream)
    }
    state.half = 1 - state.half
    state.used = 0
    if let other = unsafe state.ends[state.half] {
      context.perform("cuEventSynchronize") {
        unsafe $0.functions.pointee.cuEventSynchronize(other)
      }
    }
  }

  private func memory(_ state: inout State) -> UnsafeMutableRawPointer? {
    if let memory = unsafe state.memory { return unsafe memory }
    guard !state.isRefused, context.isSound else { return nil }
    var memory: UnsafeMutableRawPointer?
    context.makeCurrentAtEnd()
    let result = unsafe context.driver.functions.pointee.cuMemAllocHost_v2(
      &memory, 2 * halfByteCount)
    state.isRefused = result != LORA_CUDA_SUCCESS
    unsafe state.memory = state.isRefused ? nil : memory
    return unsafe state.memory
  }
}

/// Values that the device will have written when its work so far is done.
@safe final class PromisedValues: Sendable {
  private let context: Context
  private nonisolated(unsafe) let memory: UnsafeMutableRawPointer?
  private nonisolated(unsafe) let end: CUevent?
  private let count: Int

  /// Asks for the values of a float32 tensor.
  ///
  /// - Returns: `nil` where the system gives no memory that the device writes by itself.
  init?(_ context: Context, address: UInt64, count: Int) {
    self.context = context
    self.count = count
    var (memory, end): (UnsafeMutableRawPointer?, CUevent?) = (nil, nil)
    context.makeCurrentAtEnd()
    let functions = unsafe context.driver.functions
    guard context.isSound,
      unsafe functions.pointee.cuMemAllocHost_v2(&memory, 4 * count) == LORA_CUDA_SUCCESS
    else { return nil }
    context.perform("cuEventCreate") {
      unsafe $0.functions.pointee.cuEventCreate(&end, UInt32(LORA_EVENT_NO_TIMING))
    }
    context.perform("cuMemcpyDtoHAsync") {
      unsafe $0.functions.pointee.cuMemcpyDtoHAsync_v2(memory, address, 4 * count, context.stream)
    }
    context.perform("cuEventRecord") {
      unsafe $0.functions.pointee.cuEventRecord(end, context.stream)
    }
    unsafe (self.memory, self.end) = (memory, end)
  }

  deinit {
    unsafe context.destroy(end)
    _ = unsafe context.driver.functions.pointee.cuMemFreeHost(memory)
  }

  /// Waits for the values; not-a-numbers after a fault.
  func values() -> [Float] {
    context.perform("cuEventSynchronize") { unsafe $0.functions.pointee.cuEventSynchronize(end) }
    guard context.isSound, let memory = unsafe memory else {
      return [Float](repeating: .nan, count: count)
    }
    return unsafe [Float](
      UnsafeRawBufferPointer(start: memory, count: 4 * count).bindMemory(to: Float.self))
  }
}
