import CCUDA
import Synchronization

/// A device in use: one stream, which does all work in order, and the first fault.
///
/// The first fault stays, and after it the device gets no more work, so that operations need not
/// throw: callers that read values back call `check` first.
@safe final class Context: Sendable {
  let device: Device
  let driver: Driver
  nonisolated(unsafe) let stream: CUstream?
  private nonisolated(unsafe) let context: CUcontext?
  private let fault = Mutex<CUDAError?>(nil)

  /// - Throws: Where the device cannot be used.
  init(_ device: Device, _ driver: Driver) throws(CUDAError) {
    self.device = device
    self.driver = driver
    let functions = unsafe driver.functions
    var context: CUcontext?
    try driver.check(
      "cuDevicePrimaryCtxRetain",
      unsafe functions.pointee.cuDevicePrimaryCtxRetain(&context, CUdevice(device.number)))
    try driver.check("cuCtxSetCurrent", unsafe functions.pointee.cuCtxSetCurrent(context))
    var stream: CUstream?
    try driver.check(
      "cuStreamCreate",
      unsafe functions.pointee.cuStreamCreate(&stream, UInt32(LORA_STREAM_NON_BLOCKING)))
    unsafe (self.context, self.stream) = (context, stream)
  }

  deinit {
    let functions = unsafe driver.functions
    _ = unsafe functions.pointee.cuStreamDestroy_v2(stream)
    _ = unsafe functions.pointee.cuDevicePrimaryCtxRelease_v2(CUdevice(device.number))
  }

  /// Throws the first fault, if there was one.
  func check() throws(CUDAError) {
    if let fault = fault.withLock({ $0 }) { throw fault }
  }

  /// Whether nothing went wrong.
  var isSound: Bool { fault.withLock { $0 == nil } }

  /// Keeps a fault, unless there was one before.
  func fail(_ error: CUDAError) {
    fault.withLock { $0 = $0 ?? error }
  }

  /// Calls the driver, unless something went wrong before.
  ///
  /// - Returns: Whether the call was made and succeeded.
  @discardableResult
  func perform(
    _ function: @autoclosure () -> String, _ call: (Driver) -> CUresult
  ) -> Bool {
    guard isSound else { return false }
    // The current context belongs to a thread of the system, and callers may change theirs.
    var result = unsafe driver.functions.pointee.cuCtxSetCurrent(context)
    if result == LORA_CUDA_SUCCESS { result = call(driver) }
    guard let error = driver.error(function(), result) else { return true }
    fail(error)
    return false
  }

  /// Makes the device current for NVIDIA's other libraries.
  ///
  /// - Returns: Whether nothing went wrong, now or before.
  func makeCurrent() -> Bool { perform("cuCtxSetCurrent") { _ in CUresult(LORA_CUDA_SUCCESS) } }

  /// Waits until all work is done.
  func synchronize() {
    perform("cuStreamSynchronize") { unsafe $0.functions.pointee.cuStreamSynchronize(stream) }
  }
}

/// Constant lists of numbers that kernels read: each is sent once and found by its contents.
///
/// Recorded work may not write from the host; it runs once before it is recorded, which sends its
/// lists. They stay as long as the device's memory.
final class Tables: Sendable {
  private let context: Context
  private let memory: DeviceMemory
  private let addresses = Mutex<[[UInt32]: UInt]>([:])

  init(_ context: Context, _ memory: DeviceMemory) {
    (self.context, self.memory) = (context, memory)
  }

  /// The address of a list on the device; 0 for an empty one.
  func address(of words: [UInt32]) -> UInt64 {
    if words.isEmpty { return 0 }
    return addresses.withLock { addresses in
      if let address = addresses[words] { return UInt64(address) }
      let address = memory.with(.tensors) { memory.allocate(4 * words.count) }
      unsafe words.withUnsafeBytes { bytes in
        _ = context.perform("cuMemcpyHtoDAsync") {
          unsafe $0.functions.pointee.cuMemcpyHtoDAsync_v2(
            UInt64(address), bytes.baseAddress, bytes.count, context.stream)
        }
      }
      addresses[words] = address
      return UInt64(address)
    }
  }
}

/// Times work on the device, by two events in its stream.
@safe struct DeviceClock: ~Copyable {
  private let context: Context
  private nonisolated(unsafe) var start: CUevent?
  private nonisolated(unsafe) var end: CUevent?

  init(_ context: Context) throws(CUDAError) {
    self.context = context
    var (start, end): (CUevent?, CUevent?) = (nil, nil)
    context.perform("cuEventCreate") { unsafe $0.functions.pointee.cuEventCreate(&start, 0) }
    context.perform("cuEventCreate") { unsafe $0.functions.pointee.cuEventCreate(&end, 0) }
    unsafe (self.start, self.end) = (start, end)
    try context.check()
  }

  deinit {
    _ = unsafe context.driver.functions.pointee.cuEventDestroy_v2(start)
    _ = unsafe context.driver.functions.pointee.cuEventDestroy_v2(end)
  }

  /// The time that the device takes for the work that `work` submits; waits for it.
  func milliseconds(_ work: () throws(CUDAError) -> Void) throws(CUDAError) -> Float {
    context.perform("cuEventRecord") {
      unsafe $0.functions.pointee.cuEventRecord(start, context.stream)
    }
    try work()
    context.perform("cuEventRecord") {
      unsafe $0.functions.pointee.cuEventRecord(end, context.stream)
    }
    context.perform("cuEventSynchronize") { unsafe $0.functions.pointee.cuEventSynchronize(end) }
    var time: Float = 0
    context.perform("cuEventElapsedTime") {
      unsafe $0.functions.pointee.cuEventElapsedTime(&time, start, end)
    }
    try context.check()
    return time
  }
}
