package import Safetensors

/// The reason why a quantised weight cannot be decoded.
package struct QuantizedWeightError: Error, Hashable {
  package let file: String
  package let weight: TensorName

  /// The text that follows the weight's name.
  package let detail: String

  package init(file: String, weight: TensorName, detail: String) {
    self.file = file
    self.weight = weight
    self.detail = detail
  }
}

extension QuantizedWeightError: CustomStringConvertible {
  package var description: String { "\(file): \(weight) \(detail)" }
}
