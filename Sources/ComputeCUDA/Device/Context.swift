import CCUDA
import Synchronization

/// A device in use: one stream, in which all work is done in order, and what went wrong.
///
/// The first fault stays, and after it nothing is asked of the device any more, so that operations
/// need not throw: who reads values back asks `check` first.
@safe package final class Context: Sendable {
  package let device: Device
  let driver: Driver
  nonisolated(unsafe) let stream: CUstream?
  private nonisolated(unsafe) let context: CUcontext?
  private let fault = Mutex<CUDAError?>(nil)

  /// - Throws: Where the device cannot be used.
  package init(_ device: Device, _ driver: Driver) throws(CUDAError) {
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
  package func check() throws(CUDAError) {
    if let fault = fault.withLock({ $0 }) { throw fault }
  }

  /// Whether nothing went wrong.
  var isSound: Bool { fault.withLock { $0 == nil } }

  /// Takes note of a fault; the first is kept.
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

  /// Makes the device the one that other libraries of NVIDIA's work on.
  ///
  /// - Returns: Whether nothing went wrong, now or before.
  func makeCurrent() -> Bool { perform("cuCtxSetCurrent") { _ in CUresult(LORA_CUDA_SUCCESS) } }

  /// Waits until all work is done.
  func synchronize() {
    perform("cuStreamSynchronize") { unsafe $0.functions.pointee.cuStreamSynchronize(stream) }
  }
}
