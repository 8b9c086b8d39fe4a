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
  let staging: Staging

  /// The largest matrix of columns that a convolution makes at once, in bytes.
  let maxColumnBytes: Int

  /// - Parameters:
  ///   - cublasLt: Computes products; without it our own kernel does, which is slow.
  ///   - cudnn: Computes convolutions where it can; without it all are matrix products.
  ///   - activationType: float32, bfloat16 (from compute capability 8.0 on) or float16.
  ///   - code: Where the kernels' code comes from.
  ///   - choices: The file that keeps the choice of algorithms; `nil` for none.
  ///   - minPiece: See `DeviceMemory`.
  ///   - maxColumnBytes: The largest matrix of columns that a convolution without cuDNN makes.
  /// - Throws: Where the device cannot be used.
  init(
    _ device: Device, _ driver: Driver, _ cublasLt: CublasLt?, cudnn: Cudnn? = nil,
    code: any KernelCode, activationType: ElementType, choices: String? = nil,
    switches: DeviceSwitches = DeviceSwitches(), minPiece: Int = 32 << 20,
    maxColumnBytes: Int = 64 << 20
  ) throws(CUDAError) {
    name = "cuda"
    self.activationType = activationType
    context = try Context(device, driver, switches)
    staging = Staging(context)
    memory = DeviceMemory(context, minPiece: minPiece)
    kernels = Kernels(context, code: code)
    tables = Tables(context, memory)
    self.choices = AlgorithmChoices(path: choices)
    products = try Products(
      context, switches.has(.noCublasLt) ? nil : cublasLt, kernels, memory, self.choices)
    self.maxColumnBytes = maxColumnBytes
    do throws(CUDAError) {
      if let cudnn, !switches.has(.noCudnn) {
        convolutions = try Convolutions(context, cudnn, memory, self.choices)
      } else {
        convolutions = nil
      }
    } catch {
      convolutions = nil
      noteMissingCudnn(error)
    }
  }

  /// The first device, with the libraries that were found.
  ///
  /// - Parameter cacheFolder: Keeps compiled kernels and chosen algorithms; `nil` for none.
  /// - Throws: The library or the device that is missing, or that does not work.
  package convenience init(
    _ libraries: CUDALibraries, activationType: ElementType, cacheFolder: String?,
    switches: DeviceSwitches = DeviceSwitches()
  ) throws(CUDAError) {
    let driver = try libraries.driver.get()
    let device = try driver.devices()[0]
    if activationType == .bfloat16, !device.architecture.hasBFloat16 {
      throw .noBFloat16(device.name)
    }
    let cublasLt = switches.has(.noCublasLt) ? nil : try libraries.cublasLt.get()
    let cudnn = switches.has(.noCudnn) ? nil : libraries.cudnn
    let stem = device.name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
    try self.init(
      device, driver, cublasLt, cudnn: try? cudnn?.get(),
      code: KernelCache(
        folder: cacheFolder, compiler: libraries.compiler.get(),
        architecture: device.architecture),
      activationType: activationType,
      choices: cacheFolder.flatMap { folder in
        cublasLt.map { "\(folder)/products-\(stem)-cublasLt-\($0.version).txt" }
      }, switches: switches)
    for line in switches.notes { context.note(line) }
    if case .failure(let error) = cudnn { noteMissingCudnn(error) }
    try tryOut()
  }

  private func noteMissingCudnn(_ error: CUDAError) {
    context.note("convolutions are products of columns, more slowly, without cuDNN: \(error)")
  }

  /// Does a little of what a step does: a library that is there and does not work is found now.
  private func tryOut() throws(CUDAError) {
    let x = Tensor(shape: [16, 16], elementType: activationType, on: self)
    fill(x, with: 0)
    add(x, x, into: x)
    let matrix = MatrixView(x, rows: 16, columns: 16)
    products.multiply(matrix.plain, matrix.transposed, into: matrix)
    context.synchronize()
    try context.check()
  }

  /// The same device with another type of activations; memory and stream are shared.
  package init(_ other: CUDABackend, activationType: ElementType) {
    name = other.name
    self.activationType = activationType
    (context, memory, kernels) = (other.context, other.memory, other.kernels)
    (products, convolutions, choices) = (other.products, other.convolutions, other.choices)
    (tables, staging, maxColumnBytes) = (other.tables, other.staging, other.maxColumnBytes)
  }

  package var heldByteCount: Int { memory.heldByteCount }

  /// By the driver's account, which counts the context, code and other programs too.
  package var usedByteCount: Int? { memory.usedByteCount }

  package func trim() { memory.trim(.tensors) }

  package func takeNotes() -> [String] { context.takeNotes() }

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
