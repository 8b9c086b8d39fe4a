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
