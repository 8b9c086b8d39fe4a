import Compute
import ComputeCPU
import ComputeCUDA
import LinearAlgebra
import Tensors

/// The device that a command computes on.
struct ComputeDevice {
  /// The backend of the U-Net and of all that is trained.
  let backend: any Backend

  /// The same device in float32: for the VAE, which overflows in fp16, and for text encoders that
  /// are not trained.
  let exact: any Backend
  let notes: [String]

  init(_ backend: any Backend, exact: any Backend, notes: [String] = []) {
    self.backend = backend
    self.exact = exact
    self.notes = notes
  }

  /// Whether the device's memory is the host's.
  var isHost: Bool { backend is CPUBackend }

  /// The host's cores, for who has asked `Processor` already.
  init(threads: Int, notes: [String] = []) {
    let cpu = CPUBackend(threads: threads)
    self.init(cpu, exact: cpu, notes: notes)
  }

  /// The device that is asked for; `auto` is the first GPU that can be used, else the CPU.
  ///
  /// - Parameters:
  ///   - precision: Of activations; `nil` is bf16 where a GPU has it, else fp16, and float32 on the
  ///     CPU.
  ///   - environment: The value of a variable.
  /// - Throws: Where `cuda` is asked for and cannot be used.
  init(
    _ choice: DeviceChoice, precision: MixedPrecision?, threads: Int,
    environment: (String) -> String?
  ) throws {
    guard choice != .cpu else {
      self = try .cores(threads, notes: Self.notes(precision))
      return
    }
    let libraries = CUDALibraries(LibrarySearch(environment: environment))
    // Most machines without a GPU have no driver either: nothing needs to be said there.
    if choice == .auto, (try? libraries.devices()) == nil {
      self = try .cores(threads, notes: Self.notes(precision))
      return
    }
    do {
      try self.init(libraries, precision, environment)
    } catch let error as CUDAError where choice == .auto {
      self = try .cores(
        threads,
        notes: ["there is a GPU, but \(error); computing on the CPU"] + Self.notes(precision))
    }
  }

  /// The host's cores, where they can do what is asked of them.
  private static func cores(
    _ threads: Int, notes: [String]
  ) throws(UnsupportedProcessor) -> ComputeDevice {
    try Processor.check()
    return ComputeDevice(threads: threads, notes: notes)
  }

  private init(
    _ libraries: CUDALibraries, _ precision: MixedPrecision?, _ environment: (String) -> String?
  ) throws {
    let type: ElementType =
      switch precision {
      case .no: .float32
      case .bf16: .bfloat16
      case .fp16: .float16
      case nil: try libraries.devices()[0].architecture.hasBFloat16 ? .bfloat16 : .float16
      }
    let backend = try CUDABackend(
      libraries, activationType: type,
      cacheFolder: KernelCache.folder(environment: environment))
    self.init(
      backend,
      exact: type == .float32 ? backend : CUDABackend(backend, activationType: .float32))
  }

  private static func notes(_ precision: MixedPrecision?) -> [String] {
    guard let precision, precision != .no else { return [] }
    return ["--mixed-precision \(precision.rawValue): the CPU computes in float32"]
  }
}
