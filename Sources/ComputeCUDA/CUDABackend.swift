import CCUDA
package import Compute
import Synchronization
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
  let choices: AlgorithmChoices
  let tables: Tables
  let recordings = Mutex<[String: Recording]>([:])

  /// - Parameters:
  ///   - activationType: float32, bfloat16 (from compute capability 8.0 on) or float16.
  ///   - code: Where the kernels' code comes from.
  ///   - choices: The file that keeps the choice of algorithms; `nil` for none.
  ///   - leastPiece: See `DeviceMemory`.
  /// - Throws: Where the device cannot be used.
  package init(
    _ device: Device, _ driver: Driver, _ cublasLt: CublasLt, code: any KernelCode,
    activationType: ElementType, choices: String? = nil, leastPiece: Int = 32 << 20
  ) throws(CUDAError) {
    name = "cuda"
    self.activationType = activationType
    context = try Context(device, driver)
    memory = DeviceMemory(context, leastPiece: leastPiece)
    kernels = Kernels(context, code: code)
    tables = Tables(context, memory)
    self.choices = AlgorithmChoices(path: choices)
    products = try Products(context, cublasLt, memory, self.choices)
  }

  /// The same device with another type of activations; memory and stream are shared.
  package init(_ other: CUDABackend, activationType: ElementType) {
    name = other.name
    self.activationType = activationType
    (context, memory, kernels) = (other.context, other.memory, other.kernels)
    (products, choices, tables) = (other.products, other.choices, other.tables)
  }

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
