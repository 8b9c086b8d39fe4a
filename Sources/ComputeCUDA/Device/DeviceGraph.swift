import CCUDA

/// Work that was asked for once and is kept by the device, which does it again by one call.
@safe final class DeviceGraph: Sendable {
  private let context: Context
  private nonisolated(unsafe) let executable: CUgraphExec?

  /// Records what `body` asks for; nothing of it is done.
  ///
  /// - Throws: Where a part of the work cannot be recorded. The context is as sound as before.
  init(_ context: Context, recording body: () throws(CUDAError) -> Void) throws(CUDAError) {
    self.context = context
    context.beginAttempt()
    let executable = unsafe Self.executable(context, body)
    unsafe self.executable = executable
    // What is left of a failed attempt goes with the object.
    if let error = context.endAttempt() { throw error }
  }

  deinit {
    context.makeCurrentAtEnd()
    if let executable = unsafe executable {
      _ = unsafe context.driver.functions.pointee.cuGraphExecDestroy(executable)
    }
  }

  func run() {
    context.perform("cuGraphLaunch") {
      unsafe $0.functions.pointee.cuGraphLaunch(executable, context.stream)
    }
  }

  /// - Returns: `nil`, and a fault of the context, where it cannot be made.
  private static func executable(
    _ context: Context, _ body: () throws(CUDAError) -> Void
  ) -> CUgraphExec? {
    let began = context.perform("cuStreamBeginCapture") {
      unsafe $0.functions.pointee.cuStreamBeginCapture_v2(
        context.stream, Int32(LORA_CAPTURE_RELAXED))
    }
    guard began else { return nil }
    do throws(CUDAError) {
      try body()
    } catch {
      context.fail(error)
    }
    // After a fault too: else the stream would go on recording.
    var graph: CUgraph?
    context.makeCurrentAtEnd()
    let functions = unsafe context.driver.functions
    let result = unsafe functions.pointee.cuStreamEndCapture(context.stream, &graph)
    if let error = context.driver.error("cuStreamEndCapture", result) { context.fail(error) }
    guard let graph = unsafe graph else { return nil }
    defer { _ = unsafe functions.pointee.cuGraphDestroy(graph) }
    var executable: CUgraphExec?
    context.perform("cuGraphInstantiate") {
      unsafe $0.functions.pointee.cuGraphInstantiateWithFlags(&executable, graph, 0)
    }
    return unsafe executable
  }
}
