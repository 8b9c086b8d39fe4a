import CommandSupport
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
    let switches = try DeviceSwitches(environment: environment)
    let libraries = CUDALibraries(LibrarySearch(environment: environment))
    do throws(CUDAError) {
      try self.init(libraries, precision, environment, switches)
    } catch {
      guard choice == .auto else { throw error }
      let notes = Self.reason(error).map { ["\($0); computing on the CPU"] } ?? []
      self = try .cores(threads, notes: notes + Self.notes(precision))
    }
  }

  /// The reason why a machine's GPU is not used; `nil` where it has none: most machines without one
  /// have no driver either, and nothing needs to be said there.
  private static func reason(_ error: CUDAError) -> String? {
    switch error {
    case .missing(.driver, _, _, _), .noDevice: nil
    case .unusable(.driver, _, _), .driverTooOld: "no GPU is used: \(error)"
    default: "there is a GPU, but \(error)"
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
    _ libraries: CUDALibraries, _ precision: MixedPrecision?, _ environment: (String) -> String?,
    _ switches: DeviceSwitches
  ) throws(CUDAError) {
    let device = try libraries.devices()[0]
    let type: ElementType =
      switch precision {
      case .no: .float32
      case .bf16: .bfloat16
      case .fp16: .float16
      case nil: device.architecture.hasBFloat16 ? .bfloat16 : .float16
      }
    let backend = try CUDABackend(
      libraries, activationType: type,
      cacheFolder: KernelCache.folder(environment: environment), switches: switches)
    self.init(
      backend,
      exact: type == .float32 ? backend : CUDABackend(backend, activationType: .float32),
      notes: backend.takeNotes())
  }

  /// Shows what the device went on without, and the times of its calls where they were asked for.
  ///
  /// - Parameter quiet: Whether notes are left out.
  func report(quiet: Bool) {
    for note in backend.takeNotes() where !quiet { Terminal.note(note) }
    guard let times = (backend as? CUDABackend)?.callTimes else { return }
    var table = Table([("milliseconds", .right), ("calls", .right), ("call", .left)])
    for time in times {
      table.add([significant(time.milliseconds, digits: 5), "\(time.count)", time.name])
    }
    Terminal.report(table.text(width: nil))
  }

  private static func notes(_ precision: MixedPrecision?) -> [String] {
    guard let precision, precision != .no else { return [] }
    return ["--mixed-precision \(precision.rawValue): the CPU computes in float32"]
  }
}
