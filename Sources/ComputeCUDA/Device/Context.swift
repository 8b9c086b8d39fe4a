import CCUDA
import Synchronization

/// A device in use: one stream, which does all work in order, and the first fault.
///
/// The first fault stays, and after it the device gets no more work, so that operations need not
/// throw: callers that read values back call `check` first. While work is recorded a fault stops the
/// recording alone.
@safe final class Context: Sendable {
  private struct State {
    var fault: CUDAError?
    var isRecording = false
    var notes: [String] = []
    var toldNotes: Set<String> = []
  }

  let device: Device
  let driver: Driver
  let switches: DeviceSwitches
  let watch: CallWatch?
  nonisolated(unsafe) let stream: CUstream?
  private nonisolated(unsafe) let context: CUcontext?
  private let state = Mutex(State())

  /// - Throws: Where the device cannot be used.
  init(
    _ device: Device, _ driver: Driver, _ switches: DeviceSwitches = DeviceSwitches()
  ) throws(CUDAError) {
    self.device = device
    self.driver = driver
    self.switches = switches
    watch = CallWatch(switches)
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
    makeCurrentAtEnd()
    let functions = unsafe driver.functions
    _ = unsafe functions.pointee.cuStreamDestroy_v2(stream)
    _ = unsafe functions.pointee.cuDevicePrimaryCtxRelease_v2(CUdevice(device.number))
  }

  /// Throws the first fault, if there was one.
  func check() throws(CUDAError) {
    if let fault = state.withLock({ $0.fault }) { throw fault }
  }

  /// Whether nothing went wrong.
  var isSound: Bool { state.withLock { $0.fault == nil } }

  /// Keeps a fault, unless there was one before.
  func fail(_ error: CUDAError) {
    state.withLock { $0.fault = $0.fault ?? error }
  }

  /// Takes note of what the program goes on without; each text once, and no more than eight.
  func note(_ text: String) {
    state.withLock { state in
      guard state.toldNotes.count < 8, state.toldNotes.insert(text).inserted else { return }
      state.notes.append(text)
    }
  }

  /// The notes since they were last asked for.
  func takeNotes() -> [String] {
    state.withLock { state in
      defer { state.notes = [] }
      return state.notes
    }
  }

  /// Begins work whose faults are no faults of the device's: it is done in another way after them.
  func beginAttempt() { state.withLock { $0.isRecording = $0.fault == nil } }

  /// Ends that work.
  ///
  /// - Returns: What went wrong in it, which is forgotten; else a fault from before it.
  func endAttempt() -> CUDAError? {
    state.withLock { state in
      guard state.isRecording else { return state.fault }
      state.isRecording = false
      defer { state.fault = nil }
      return state.fault
    }
  }

  /// Asks the device for one piece of work, and waits for it or times it where a switch says so.
  func submit<Failure: Error>(
    _ name: @autoclosure () -> String, _ work: () throws(Failure) -> Void
  ) throws(Failure) {
    guard let watch else { return try work() }
    try watch.observe(name(), self, work)
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

  /// Makes the device current for a call that gives something back, after a fault too.
  func makeCurrentAtEnd() { _ = unsafe driver.functions.pointee.cuCtxSetCurrent(context) }

  /// Waits until all work is done.
  ///
  /// - Parameter call: The work that a fault is blamed on.
  func synchronize(after call: String? = nil) {
    perform(call ?? "cuStreamSynchronize") {
      unsafe $0.functions.pointee.cuStreamSynchronize(stream)
    }
  }

  func destroy(_ event: CUevent?) {
    makeCurrentAtEnd()
    _ = unsafe driver.functions.pointee.cuEventDestroy_v2(event)
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
    unsafe context.destroy(start)
    unsafe context.destroy(end)
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

  /// The mean time of a piece of work that is done `count` times in a row: from a graph, where the
  /// host's calls cost nothing, or call by call where the work cannot be recorded.
  ///
  /// - Throws: Where the work fails.
  func millisecondsOfEach(
    of count: Int, _ work: () throws(CUDAError) -> Void
  ) throws(CUDAError) -> Float {
    func all() throws(CUDAError) { for _ in 0..<count { try work() } }
    guard context.switches.recordsGraphs,
      let graph = try? DeviceGraph(context, recording: { () throws(CUDAError) in try all() })
    else { return try milliseconds(all) / Float(count) }
    graph.run()
    return try milliseconds { graph.run() } / Float(count)
  }
}
