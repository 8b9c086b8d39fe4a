import Compute
import Tensors

/// Reads the tensors of a part to a device.
struct Reader {
  let weights: Weights
  let backend: any Backend

  /// Sends values to the device, in the type of its weights.
  func tensor(_ values: [Float], _ shape: Shape) -> Tensor {
    let tensor = Tensor(shape: shape, elementType: backend.activationType, on: backend)
    tensor.write(values)
    return tensor
  }

  /// Norms are float32 on every device.
  func vector(_ key: String, _ count: Int) throws -> Tensor {
    Tensor(try weights.values(key, [count]), shape: [count], on: backend)
  }
}
