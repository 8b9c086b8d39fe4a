import CCUDA

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
