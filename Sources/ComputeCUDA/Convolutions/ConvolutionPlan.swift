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
    workspaceByteCount = Int(workspace.first ?? .max)
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
