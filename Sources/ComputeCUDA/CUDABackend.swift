package import Compute
package import Tensors

/// A device of NVIDIA's.
///
/// Operations return before the device has done them; call them from one thread at a time. They do
/// not throw: after a fault they do nothing, and `check` throws the fault.
package final class CUDABackend: Backend {
  package let name: String
  package let activationType: ElementType
  let context: Context
  let memory: DeviceMemory
  let kernels: Kernels
  let products: Products

  /// Convolutions by cuDNN; `nil` where the machine has none.
  let convolutions: Convolutions?
  let choices: AlgorithmChoices
  let tables: Tables

  /// The largest matrix of columns that a convolution makes at once, in bytes.
  let maxColumnBytes: Int

  /// - Parameters:
  ///   - cudnn: Computes convolutions where it can; without it all are matrix products.
  ///   - activationType: float32, bfloat16 (from compute capability 8.0 on) or float16.
  ///   - code: Where the kernels' code comes from.
  ///   - choices: The file that keeps the choice of algorithms; `nil` for none.
  ///   - minPiece: See `DeviceMemory`.
  ///   - maxColumnBytes: The largest matrix of columns that a convolution without cuDNN makes.
  /// - Throws: Where the device cannot be used.
  init(
    _ device: Device, _ driver: Driver, _ cublasLt: CublasLt, cudnn: Cudnn? = nil,
    code: any KernelCode, activationType: ElementType, choices: String? = nil,
    minPiece: Int = 32 << 20, maxColumnBytes: Int = 64 << 20
  ) throws(CUDAError) {
    name = "cuda"
    self.activationType = activationType
    context = try Context(device, driver)
    memory = DeviceMemory(context, minPiece: minPiece)
    kernels = Kernels(context, code: code)
    tables = Tables(context, memory)
    self.choices = AlgorithmChoices(path: choices)
    products = try Products(context, cublasLt, kernels, memory, self.choices)
    convolutions = cudnn.flatMap { [context, memory, choices = self.choices] in
      try? Convolutions(context, $0, memory, choices)
    }
    self.maxColumnBytes = maxColumnBytes
  }

  /// The first device, with the libraries that were found.
  ///
  /// - Parameter cacheFolder: Keeps compiled kernels and chosen algorithms; `nil` for none.
  /// - Throws: The library or the device that is missing.
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
        folder: cacheFolder, compiler: libraries.compiler.get(),
        architecture: device.architecture),
      activationType: activationType,
      choices: cacheFolder.map { "\($0)/products-\(stem)-cublasLt-\(cublasLt.version).txt" })
  }

  /// The same device with another type of activations; memory and stream are shared.
  package init(_ other: CUDABackend, activationType: ElementType) {
    name = other.name
    self.activationType = activationType
    (context, memory, kernels) = (other.context, other.memory, other.kernels)
    (products, convolutions, choices) = (other.products, other.convolutions, other.choices)
    (tables, maxColumnBytes) = (other.tables, other.maxColumnBytes)
  }

  package var heldByteCount: Int { memory.heldByteCount }

  package func check() throws { try context.check() }

  package func allocate(byteCount: Int) -> Storage {
    Storage(address: memory.allocate(byteCount), byteCount: byteCount, backend: self)
  }

  package func release(address: UInt, byteCount: Int) { memory.release(address) }

  /// A launch with a thread for each pack of a tensor's elements.
  func launch(_ kernel: Kernel, packsOf tensor: Tensor) -> Kernels.Launch {
    launch(kernel, tensor.elementType, rows: 1, width: tensor.count)
  }

  /// A launch with a thread for each pack of each row.
  func launch(
    _ kernel: Kernel, _ type: ElementType, rows: Int, width: Int
  ) -> Kernels.Launch {
    kernels.launch(
      kernel, type, threads: rows * ((width + type.packCount - 1) / type.packCount))
  }

  /// A launch with a thread for each element of flat parameters, which are float32 whatever the
  /// activations are.
  func launch(_ kernel: Kernel, elementsOf tensor: Tensor) -> Kernels.Launch {
    kernels.launch(kernel, .float32, threads: tensor.count)
  }
}

extension ElementType {
  /// The definitions with which a kernel's file is compiled for activations of this type.
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
