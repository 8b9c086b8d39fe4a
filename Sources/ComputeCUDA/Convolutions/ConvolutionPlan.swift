import CCUDA
import Compute
import Tensors

/// All that the choice of an engine for a convolution rests on.
struct ConvolutionShape: Hashable, CustomStringConvertible {
  enum Direction: String {
    case forward

    /// The gradient of the picture from that of the result.
    case backward
  }

  let direction: Direction
  let window: Window
  let elementType: ElementType

  /// One line without tabs, the key of a kept choice.
  var description: String {
    let (w, padding) = (window, window.padding)
    return
      "convolution \(direction.rawValue) \(w.samples)x\(w.height)x\(w.width)x\(w.inputs) "
      + "to \(w.outputs) by \(w.kernelHeight)x\(w.kernelWidth) stride \(w.stride) "
      + "padding \(padding.top),\(padding.left),\(padding.bottom),\(padding.right) "
      + elementType.rawValue
  }
}

/// Which tensors of a convolution are which in cuDNN's graph of it.
private enum Identifier {
  static let picture = 1
  static let filter = 2
  static let result = 3
}

extension ConvolutionShape {
  /// The one operation as cuDNN's graph.
  func graph(_ library: Cudnn, _ handle: cudnnHandle_t?) throws(CUDAError) -> CudnnDescriptor {
    let convolution = try CudnnDescriptor(
      LORA_CUDNN_CONVOLUTION, library,
      [
        .choice(LORA_CONVOLUTION_COMPUTE_TYPE, LORA_CUDNN_TYPE_DATA_TYPE, LORA_CUDNN_FLOAT),
        .choice(
          LORA_CONVOLUTION_MODE, LORA_CUDNN_TYPE_CONVOLUTION_MODE, LORA_CUDNN_CROSS_CORRELATION),
        .integers(LORA_CONVOLUTION_DIMENSIONS, [2]),
        .integers(
          LORA_CONVOLUTION_PADDING_BEFORE, [window.padding.top, window.padding.left]),
        .integers(
          LORA_CONVOLUTION_PADDING_AFTER, [window.padding.bottom, window.padding.right]),
        .integers(LORA_CONVOLUTION_DILATIONS, [1, 1]),
        .integers(LORA_CONVOLUTION_STRIDES, [window.stride, window.stride]),
      ])
    let w = window
    let operation = try operation(
      library, convolution,
      picture: tensor(Identifier.picture, library, w.samples, w.height, w.width, w.inputs),
      filter: tensor(
        Identifier.filter, library, w.outputs, w.kernelHeight, w.kernelWidth, w.inputs),
      result: tensor(
        Identifier.result, library, w.samples, w.resultHeight, w.resultWidth, w.outputs))
    return try unsafe CudnnDescriptor(
      LORA_CUDNN_GRAPH, library,
      [
        .descriptor(LORA_GRAPH_OPERATIONS, operation), .handle(LORA_GRAPH_HANDLE, handle),
      ])
  }

  private func operation(
    _ library: Cudnn, _ convolution: CudnnDescriptor, picture: CudnnDescriptor,
    filter: CudnnDescriptor, result: CudnnDescriptor
  ) throws(CUDAError) -> CudnnDescriptor {
    switch direction {
    case .forward:
      try CudnnDescriptor(
        LORA_CUDNN_FORWARD, library,
        [
          .descriptor(LORA_FORWARD_INPUT, picture), .descriptor(LORA_FORWARD_FILTER, filter),
          .descriptor(LORA_FORWARD_OUTPUT, result),
          .descriptor(LORA_FORWARD_CONVOLUTION, convolution), .float(LORA_FORWARD_ALPHA, 1),
          .float(LORA_FORWARD_BETA, 0),
        ])
    case .backward:
      try CudnnDescriptor(
        LORA_CUDNN_BACKWARD_DATA, library,
        [
          .descriptor(LORA_BACKWARD_INPUT_GRADIENT, picture),
          .descriptor(LORA_BACKWARD_FILTER, filter),
          .descriptor(LORA_BACKWARD_OUTPUT_GRADIENT, result),
          .descriptor(LORA_BACKWARD_CONVOLUTION, convolution), .float(LORA_BACKWARD_ALPHA, 1),
          .float(LORA_BACKWARD_BETA, 0),
        ])
    }
  }

  /// A tensor with its channels last, which cuDNN always names second.
  private func tensor(
    _ identifier: Int, _ library: Cudnn, _ count: Int, _ height: Int, _ width: Int,
    _ channels: Int
  ) throws(CUDAError) -> CudnnDescriptor {
    try CudnnDescriptor(
      LORA_CUDNN_TENSOR, library,
      [
        .choice(LORA_TENSOR_TYPE, LORA_CUDNN_TYPE_DATA_TYPE, elementType.cudnnType),
        .integers(LORA_TENSOR_EXTENTS, [count, channels, height, width]),
        .integers(
          LORA_TENSOR_STRIDES, [height * width * channels, 1, width * channels, channels]),
        .integers(LORA_TENSOR_IDENTIFIER, [identifier]),
        .integers(LORA_TENSOR_ALIGNMENT, [ConvolutionPlan.alignment]),
      ])
  }
}

/// An engine of cuDNN's, made ready for a convolution.
struct ConvolutionPlan {
  private let library: Cudnn
  private let descriptor: CudnnDescriptor
  let workspaceByteCount: Int

  /// The addresses of all operands are multiples of this.
  static let alignment = 16

  /// - Throws: Where the engine does not take the convolution.
  init(
    _ configuration: CudnnDescriptor, _ library: Cudnn, _ handle: cudnnHandle_t?
  ) throws(CUDAError) {
    self.library = library
    descriptor = try unsafe CudnnDescriptor(
      LORA_CUDNN_PLAN, library,
      [
        .handle(LORA_PLAN_HANDLE, handle), .descriptor(LORA_PLAN_CONFIGURATION, configuration),
      ])
    let workspace = descriptor.numbers(
      LORA_PLAN_WORKSPACE, LORA_CUDNN_TYPE_INT64, as: Int64.self)
    workspaceByteCount = Int(workspace?.first ?? .max)
  }

  /// Asks the device for it, in the handle's stream.
  func run(
    _ buffers: ConvolutionBuffers, workspace: UInt, _ handle: cudnnHandle_t?
  ) throws(CUDAError) {
    let pack = try CudnnDescriptor(
      LORA_CUDNN_VARIANT_PACK, library,
      [
        .addresses(LORA_PACK_WORKSPACE, [UInt64(workspace)]),
        .addresses(LORA_PACK_POINTERS, [buffers.picture, buffers.filter, buffers.result]),
        .integers(
          LORA_PACK_IDENTIFIERS, [Identifier.picture, Identifier.filter, Identifier.result]),
      ])
    try library.check(
      "cudnnBackendExecute",
      unsafe library.functions.pointee.cudnnBackendExecute(
        handle, descriptor.pointer, pack.pointer))
  }
}

/// Where the operands of a convolution lie.
struct ConvolutionBuffers {
  let picture: UInt64
  let filter: UInt64
  let result: UInt64

  var areAligned: Bool {
    [picture, filter, result].allSatisfy { $0.isMultiple(of: UInt64(ConvolutionPlan.alignment)) }
  }
}

extension ElementType {
  /// cuDNN's number of the type.
  fileprivate var cudnnType: Int {
    switch self {
    case .float32: LORA_CUDNN_FLOAT
    case .float16: LORA_CUDNN_HALF
    case .bfloat16: LORA_CUDNN_BFLOAT16
    default: preconditionFailure("no convolution of \(rawValue)")
    }
  }
}

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
      let proposal = Proposal(configuration: configuration, engine: index?.first ?? -1)
      let behaviour = engine.numbers(
        LORA_ENGINE_BEHAVIOR_NOTES, LORA_CUDNN_TYPE_BEHAVIOR_NOTE, as: Int32.self)
      if let behaviour, !behaviour.contains(Int32(LORA_NOTE_COMPILES)) {
        ready.append(proposal)
      } else {
        compiled.append(proposal)
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
    // What is not told may be unwanted.
    guard let notes else { return false }
    return !notes.contains { unwanted.contains(Int($0)) }
  }
}
