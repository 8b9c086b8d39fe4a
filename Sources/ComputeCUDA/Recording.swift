import CCUDA
package import Compute

/// Work that was done once: kernels are loaded, algorithms chosen, the memory's extent is known.
private final class DoneOnce {}

/// A graph of the device's.
@safe final class RecordedWork: Sendable {
  private let context: Context
  private let memory: DeviceMemory
  private nonisolated(unsafe) let executable: CUgraphExec?

  fileprivate init(_ context: Context, _ memory: DeviceMemory, _ executable: CUgraphExec?) {
    self.context = context
    self.memory = memory
    unsafe self.executable = executable
    memory.changeRecordedWorks(by: 1)
  }

  deinit {
    _ = unsafe context.driver.functions.pointee.cuGraphExecDestroy(executable)
    memory.changeRecordedWorks(by: -1)
  }

  fileprivate func run() {
    context.perform("cuGraphLaunch") {
      unsafe $0.functions.pointee.cuGraphLaunch(executable, context.stream)
    }
  }
}

extension CUDABackend {
  /// Does the work the first time, records it the second, and from then on runs what was recorded,
  /// without a call of `body`.
  package func repeating(_ work: RepeatedWork, _ body: () -> Void) {
    if let recorded = work.recording as? RecordedWork { return recorded.run() }
    if work.recording == nil {
      memory.with(.recordedSteps, body)
      choices.save()
      // One piece of the right size takes less memory than pieces taken one by one.
      if memory.recordedWorks == 0 { memory.gather(.recordedSteps) }
      work.recording = DoneOnce()
    } else if let recorded = record(body) {
      work.recording = recorded
      recorded.run()
    }
  }

  private func record(_ body: () -> Void) -> RecordedWork? {
    let isRecording = context.perform("cuStreamBeginCapture") {
      unsafe $0.functions.pointee.cuStreamBeginCapture_v2(
        context.stream, Int32(LORA_CAPTURE_RELAXED))
    }
    guard isRecording else { return nil }
    memory.with(.recordedSteps, body)
    var graph: CUgraph?
    // After a fault too: else the stream would go on recording.
    let functions = unsafe context.driver.functions
    let result = unsafe functions.pointee.cuStreamEndCapture(context.stream, &graph)
    if let error = context.driver.error("cuStreamEndCapture", result) { context.fail(error) }
    defer { _ = unsafe functions.pointee.cuGraphDestroy(graph) }
    var executable: CUgraphExec?
    context.perform("cuGraphInstantiate") {
      unsafe $0.functions.pointee.cuGraphInstantiateWithFlags(&executable, graph, 0)
    }
    guard context.isSound else { return nil }
    return unsafe RecordedWork(context, memory, executable)
  }
}

extension Context {
  /// Whether the device records now.
  var isCapturing: Bool {
    var status: Int32 = 0
    perform("cuStreamIsCapturing") {
      unsafe $0.functions.pointee.cuStreamIsCapturing(stream, &status)
    }
    return status != 0
  }
}
