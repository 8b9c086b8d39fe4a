import CCUDA
package import Compute

/// Work that was done once: kernels are loaded, algorithms chosen, the memory's extent is known.
private final class DoneOnce {}

/// Work that the device cannot record, or is not to record: it is done each time.
private final class NotRecorded {}

/// Work that was recorded, and the account of those whose blocks are in use.
private final class RecordedWork {
  private let graph: DeviceGraph
  private let memory: DeviceMemory

  init(_ graph: DeviceGraph, _ memory: DeviceMemory) {
    (self.graph, self.memory) = (graph, memory)
    memory.changeRecordedWorks(by: 1)
  }

  deinit { memory.changeRecordedWorks(by: -1) }

  func run() { graph.run() }
}

extension CUDABackend {
  /// Does the work the first time, records it the second, and from then on runs what was recorded.
  ///
  /// What cannot be recorded is done each time by a call of `body`.
  package func repeating(_ work: RepeatedWork, _ body: () -> Void) {
    switch work.recording {
    case let recorded as RecordedWork: recorded.run()
    case is NotRecorded: body()
    case nil:
      guard context.switches.recordsGraphs else {
        work.recording = NotRecorded()
        body()
        choices.save()
        return
      }
      let extent = memory.extent(of: .recordedSteps, body)
      choices.save()
      // One piece of the right size takes less memory than pieces taken one by one.
      if memory.recordedWorks == 0 { memory.gather(.recordedSteps, byteCount: extent) }
      work.recording = DoneOnce()
    default:
      guard let recorded = record(body) else {
        work.recording = NotRecorded()
        return body()
      }
      work.recording = recorded
      recorded.run()
    }
  }

  private func record(_ body: () -> Void) -> RecordedWork? {
    if !context.isSound { return nil }
    do throws(CUDAError) {
      let graph = try DeviceGraph(context) { memory.with(.recordedSteps, body) }
      return RecordedWork(graph, memory)
    } catch {
      context.note("some work is asked for call by call, as it cannot be recorded: \(error)")
      return nil
    }
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
