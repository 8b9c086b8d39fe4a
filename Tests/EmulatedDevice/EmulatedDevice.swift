import CUDAEmulation
import Compute
package import Tensors

@testable package import ComputeCUDA

/// The device of CUDAEmulation as a backend.
package func emulatedBackend(_ activationType: ElementType = .float32) -> CUDABackend {
  let driver = unsafe Driver(functions: lora_emulated_driver())
  do {
    return try unsafe CUDABackend(
      driver.devices()[0], driver, CublasLt(functions: lora_emulated_cublaslt()),
      code: NamesAsCode(), activationType: activationType, leastPiece: 0)
  } catch {
    fatalError("the emulated device cannot be used: \(error)")
  }
}

/// What the emulation takes for code: the name of a file, and how it is compiled.
private struct NamesAsCode: KernelCode {
  func code(of variant: KernelVariant) -> [UInt8] {
    Array("\(variant.source.name) \(variant.definitions.joined(separator: " "))\0".utf8)
  }
}
