import CCUDA
import Tensors

/// Engines that cuDNN proposes for a graph, of those that we want.
struct EngineProposals {
  /// One of them: its configuration, and its number among cuDNN's engines.
  struct Proposal {
    let configuration: CudnnDescriptor
    let engine: Int64
  }

  /// Proposals in the order of cuDNN's heuristics, the same on each run.
  let proposals: [Proposal]

  /// The numbers of proposals that cuDNN is asked for, and that are timed.
  private static let maximum = (asked: 32, tried: 8)

  /// - Parameter mode: `LORA_HEURISTICS_TREE` or `LORA_HEURISTICS_FALLBACK`.
  init(
    _ graph: CudnnDescriptor, mode: Int, _ elementType: ElementType, _ library: Cudnn
  ) throws(CUDAError) {
    let heuristics = try CudnnDescriptor(
      LORA_CUDNN_HEURISTICS, library,
      [
        .descriptor(LORA_HEURISTICS_GRAPH, graph),
        .choice(LORA_HEURISTICS_MODE, LORA_CUDNN_TYPE_HEURISTIC_MODE, mode),
      ])
    let configurations = try heuristics.descriptors(
      LORA_HEURISTICS_RESULTS, of: LORA_CUDNN_CONFIGURATION, atMost: Self.maximum.asked)
    var (ready, compiled): ([Proposal], [Proposal]) = ([], [])
    for configuration in configurations {
      let engines = try configuration.descriptors(
        LORA_CONFIGURATION_ENGINE, of: LORA_CUDNN_ENGINE, atMost: 1)
      guard let engine = engines.first, Self.isExact(engine, elementType) else { continue }
      let index = engine.numbers(LORA_ENGINE_INDEX, LORA_CUDNN_TYPE_INT64, as: Int64.self)
      let proposal = Proposal(configuration: configuration, engine: index.first ?? -1)
      let behaviour = engine.numbers(
        LORA_ENGINE_BEHAVIOR_NOTES, LORA_CUDNN_TYPE_BEHAVIOR_NOTE, as: Int32.self)
      if behaviour.contains(Int32(LORA_NOTE_COMPILES)) {
        compiled.append(proposal)
      } else {
        ready.append(proposal)
      }
    }
    // Those that cuDNN compiles first cost every run of the program a second each.
    proposals = Array((ready.isEmpty ? compiled : ready).prefix(Self.maximum.tried))
  }

  /// Whether it computes with float32 sums of what it is given, the same on each run.
  private static func isExact(_ engine: CudnnDescriptor, _ elementType: ElementType) -> Bool {
    var unwanted = [
      LORA_NOTE_ROUNDS_INPUTS, LORA_NOTE_ROUNDS_SUMS, LORA_NOTE_FOURIER,
      LORA_NOTE_NONDETERMINISTIC, LORA_NOTE_WINOGRAD,
    ]
    // These keep only ten bits of a float32's fraction.
    if elementType == .float32 { unwanted.append(LORA_NOTE_TENSOR_CORE) }
    let notes = engine.numbers(
      LORA_ENGINE_NUMERICAL_NOTES, LORA_CUDNN_TYPE_NUMERICAL_NOTE, as: Int32.self)
    return !notes.contains { unwanted.contains(Int($0)) }
  }
}
