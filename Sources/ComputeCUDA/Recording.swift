import CCUDA
import Compute
import Synchronization

/// Work that was done once, or that the device has recorded.
@safe enum Recording {
  /// Kernels are loaded, algorithms chosen and the memory's extent is known.
  case done
  case recorded(RecordedWork)
}

/// A graph of the device's.
@safe final class RecordedWork: Sendable {
  private let context: Context
  private nonisolated(unsafe) let executable: CUgraphExec?

  fileprivate init(_ context: Context, _ executable: CUgraphExec?) {
    self.context = context
    unsafe self.executable = executable
  }

  deinit { _ = unsafe context.driver.functions.pointee.cuGraphExecDestroy(executable) }

  fileprivate func run() {
    context.perform("cuGraphLaunch") {
      unsafe $0.functions.pointee.cuGraphLaunch(executable, context.stream)
    }
  }
}

extension CUDABackend {
  /// Does the work the first time, records it the second, and from then on runs what was recorded,
  /// without a call of `body`.
  package func repeating(_ key: String, _ body: () -> Void) {
    switch recordings.withLock({ $0[key] }) {
    case .some(.recorded(let work)): work.run()
    case .some(.done): record(key, body)?.run()
    case .none:
      memory.with(.recordedSteps, body)
      choices.save()
      let isFirst = recordings.withLock { recordings in
        defer { recordings[key] = .done }
        return !recordings.values.contains { if case .recorded = $0 { true } else { false } }
      }
      // Where pieces were taken as they were needed, one of the right size takes less.
      if isFirst { memory.gather(.recordedSteps) }
    }
  }

  private func record(_ key: String, _ body: () -> Void) -> RecordedWork? {
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
    let work = unsafe RecordedWork(context, executable)
    recordings.withLock { $0[key] = Recording.recorded(work) }
    return work
  }
}

extension Context {
  /// Whether the device records now.
  var isCapturing: Bool {
    var status: Int32 = 0
    perform("cuStreamIsCapturing") { unsafe $0.functions.pointee.cuStreamIsCapturing(stream, &status) }
    return status != 0
  }
}
