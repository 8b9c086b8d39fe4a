import ComputeCPU
import ComputeCUDA
import DeviceChecks
import EmulatedDevice
import LinearAlgebra
import Tensors
import Testing

/// The checks that a machine with a GPU runs, on one that is emulated.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "the CPU's backend does not run here"))
struct DeviceCheckTests {
  static let types: [ElementType] = [.float32, .bfloat16, .float16]

  @Test(arguments: DeviceCheck.all(isSmall: true).map(\.name), types)
  func agrees(_ name: String, _ type: ElementType) throws {
    let check = try #require(DeviceCheck.all(isSmall: true).first { $0.name == name })
    let device = emulatedBackend(type)
    let error = check.error(of: device, against: CPUBackend(threads: 1))
    #expect(error <= DeviceCheck.limit(type))
    try device.check()
  }
}
