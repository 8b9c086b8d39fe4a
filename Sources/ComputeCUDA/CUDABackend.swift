package import Compute
package import Tensors

/// A device of NVIDIA's.
///
/// Operations are asked for and not waited for; ask for them from one thread at a time. They throw
/// nothing: after a fault they do nothing, and `check` says what it was.
package final class CUDABackend: Backend {
  package let name: String
  package let activationType: ElementType
  let context: Context
  let memory: DeviceMemory
  let kernels: Kernels
  let products: Products

  /// By cuDNN; `nil` where that is not there.
  let convolutions: Convolutions?
  let choices: AlgorithmChoices
  let tables: Tables

  /// What a convolution's columns may take at once.
  let mostColumnBytes: Int

  /// - Parameters:
  ///   - cudnn: Computes convolutions where it can; without it all are products.
  ///   - activationType: float32, bfloat16 (from compute capability 8.0 on) or float16.
  ///   - code: Where the kernels' code comes from.
  ///   - choices: The file that keeps the choice of algorithms; `nil` for none.
  ///   - leastPiece: See `DeviceMemory`.
  ///   - mostColumnBytes: Of the matrix that a convolution without cuDNN is computed by, in pieces.
  /// - Throws: Where the device cannot be used.
  package init(
    _ device: Device, _ driver: Driver, _ cublasLt: CublasLt, cudnn: Cudnn? = nil,
    code: any KernelCode, activationType: ElementType, choices: String? = nil,
    leastPiece: Int = 32 << 20, mostColumnBytes: Int = 64 << 20
  ) throws(CUDAError) {
    name = "cuda"
    self.activationType = activationType
    context = try Context(device, driver)
    memory = DeviceMemory(context, leastPiece: leastPiece)
    kernels = Kernels(context, code: code)
    tables = Tables(context, memory)
    self.choices = AlgorithmChoices(path: choices)
    products = try Products(context, cublasLt, kernels, memory, self.choices)
    convolutions = cudnn.flatMap { [context, memory, choices = self.choices] in
      try? Convolutions(context, $0, memory, choices)
    }
    self.mostColumnBytes = mostColumnBytes
  }

  /// The first device, with the libraries that were found.
  ///
  /// - Parameter cacheFolder: Keeps compiled kernels and chosen algorithms; `nil` for none.
  /// - Throws: What is missing.
  package convenience init(
    _ libraries: CUDALibraries, activationType: ElementType, cacheFolder: String?
  ) throws(CUDAError) {
    let driver = try libraries.driver.get()
    let device = try driver.devices()[0]
    if activationType == .bfloat16, !device.architecture.hasBFloat16 {
      throw .noBFloat16(device.name)
    }
    let cublasLt = try libraries.cublasLt.get()
    let stem = device.name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
    try self.init(
      device, driver, cublasLt, cudnn: try? libraries.cudnn.get(),
      code: KernelCache(
        folder: cacheFolder, compiler: libraries.compiler.get(), for: device.architecture),
      activationType: activationType,
      choices: cacheFolder.map { "\($0)/products-\(stem)-cublasLt-\(cublasLt.version).txt" })
  }

  /// The same device with another type of activations; memory and stream are shared.
  package init(_ other: CUDABackend, activationType: ElementType) {
    name = other.name
    self.activationType = activationType
    (context, memory, kernels) = (other.context, other.memory, other.kernels)
    (products, convolutions, choices) = (other.products, other.convolutions, other.choices)
    (tables, mostColumnBytes) = (other.tables, other.mostColumnBytes)
  }

  package var heldByteCount: Int { memory.heldByteCount }

  package func check() throws { try context.check() }

  package func allocate(byteCount: Int) -> Storage {
    Storage(address: memory.allocate(byteCount), byteCount: byteCount, backend: self)
  }

  package func release(address: UInt, byteCount: Int) { memory.release(address) }

  /// Starts a kernel that has a thread for each pack of activations.
  func launch<each Argument: BitwiseCopyable>(
    _ file: String, _ entry: String, packsOf tensor: Tensor, _ arguments: repeat each Argument
  ) {
    let packs = (tensor.count + tensor.elementType.packCount - 1) / tensor.elementType.packCount
    kernels.launch(
      file, entry, tensor.elementType.definitions, grid: Grid((packs + 255) / 256),
      repeat each arguments)
  }

  /// Starts a kernel that has a thread for each pack of each row.
  func launch<each Argument: BitwiseCopyable>(
    _ file: String, _ entry: String, _ type: ElementType, rows: Int, width: Int,
    _ arguments: repeat each Argument
  ) {
    let packs = (width + type.packCount - 1) / type.packCount
    kernels.launch(
      file, entry, type.definitions, grid: Grid((rows * packs + 255) / 256),
      repeat each arguments)
  }
}

extension Bool {
  /// As kernels take it.
  var word: Int32 { self ? 1 : 0 }
}

extension ElementType {
  /// How a kernel's file is compiled for activations of this type.
  var definitions: [String] {
    switch self {
    case .float32: ["ELEMENT=float"]
    case .bfloat16: ["ELEMENT=bf16"]
    case .float16: ["ELEMENT=fp16"]
    default: preconditionFailure("activations are not \(rawValue)")
    }
  }

  /// Elements of 16 bytes: `pack_count` of the kernels.
  var packCount: Int { 16 / byteWidth }
}
