import CUDAEmulation
import Compute
package import Tensors

@testable package import ComputeCUDA

/// The device of CUDAEmulation as a backend.
///
/// - Parameters:
///   - withCudnn: Whether it has cuDNN, or convolutions are products.
///   - choices: The file that keeps the choice of algorithms.
///   - mostColumnBytes: So few by default that pictures of tests are cut.
package func emulatedBackend(
  _ activationType: ElementType = .float32, withCudnn: Bool = false, choices: String? = nil,
  mostColumnBytes: Int = 1 << 14
) -> CUDABackend {
  let driver = unsafe Driver(functions: lora_emulated_driver())
  do {
    return try unsafe CUDABackend(
      driver.devices()[0], driver, CublasLt(functions: lora_emulated_cublaslt()),
      cudnn: withCudnn ? Cudnn(functions: lora_emulated_cudnn()) : nil, code: NamesAsCode(),
      activationType: activationType, choices: choices, leastPiece: 0,
      mostColumnBytes: mostColumnBytes)
  } catch {
    preconditionFailure("the emulated device cannot be used: \(error)")
  }
}

/// What the emulation takes for code: the name of a file, and how it is compiled.
private struct NamesAsCode: KernelCode {
  func code(of variant: KernelVariant) -> [UInt8] {
    Array("\(variant.source.name) \(variant.definitions.joined(separator: " "))\0".utf8)
  }
}
