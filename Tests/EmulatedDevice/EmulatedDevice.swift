import CUDAEmulation
import Compute
package import Tensors

@testable package import ComputeCUDA

/// The device of CUDAEmulation as a backend.
///
/// - Parameters:
///   - withCudnn: Whether it has cuDNN, or convolutions are products.
///   - switches: What of its work is switched off or watched.
///   - choices: The file that keeps the choice of algorithms.
///   - maxColumnBytes: The default is so small that the tests' pictures are cut.
package func emulatedBackend(
  _ activationType: ElementType = .float32, withCudnn: Bool = false, choices: String? = nil,
  switches: DeviceSwitches = DeviceSwitches(), maxColumnBytes: Int = 1 << 14
) -> CUDABackend {
  let driver = unsafe Driver(functions: lora_emulated_driver())
  do {
    return try unsafe CUDABackend(
      driver.devices()[0], driver, CublasLt(functions: lora_emulated_cublaslt()),
      cudnn: withCudnn ? Cudnn(functions: lora_emulated_cudnn()) : nil, code: DefinitionsAsCode(),
      activationType: activationType, choices: choices, switches: switches, minPiece: 0,
      maxColumnBytes: maxColumnBytes)
  } catch {
    preconditionFailure("the emulated device cannot be used: \(error)")
  }
}

/// The emulation's code of a file is how it is compiled; it knows the kernels by name.
private struct DefinitionsAsCode: KernelCode {
  func code(of variant: KernelVariant) -> [UInt8] {
    Array("\(variant.definitions.joined(separator: " "))\0".utf8)
  }
}
