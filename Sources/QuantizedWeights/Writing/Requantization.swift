import Safetensors
import Tensors

/// The scheme in which changed weights of codes and scales are stored.
package enum Requantization: String, CaseIterable, Sendable {
  /// The weight's own scheme and spelling, with new scales.
  case same

  /// 16-bit floats.
  case bf16
  case f16

  /// 8-bit floats with one scale per weight.
  case fp8Scaled = "fp8-scaled"
}

extension Requantization {
  /// The writer of a weight.
  ///
  /// - Returns: `nil` if the weight's own scheme is chosen and is read-only.
  package func writer(
    for weight: any StoredWeight, in tensors: QuantizedTensors
  ) -> (any WeightWriter)? {
    switch self {
    case .same: weight.ownWriter()
    case .bf16: FloatWriter(weight, as: .bfloat16)
    case .f16: FloatWriter(weight, as: .float16)
    case .fp8Scaled:
      weight is ScaledFP8
        ? weight.ownWriter()
        : tensors.spelling.writer(for: weight) ?? FloatWriter(weight, as: .bfloat16)
    }
  }

  /// The entry of a changed weight in `_quantization_metadata`; `nil` if it keeps its scheme, and
  /// `.some(nil)` if it becomes plain numbers.
  package func declaration(of weight: any StoredWeight) -> JSONText?? {
    switch self {
    case .same: nil
    case .bf16, .f16: .some(nil)
    case .fp8Scaled: weight is ScaledFP8 ? nil : ScaleSpelling.declaration
    }
  }
}

/// The way in which a file declares weights of 8-bit floats with scales.
enum ScaleSpelling: Sendable {
  /// `weight_scale`, and `_quantization_metadata` in the header.
  case metadata

  /// `scale_weight`, and a tensor `scaled_fp8` beside the layers.
  case marker

  /// `weight_scale` and `comfy_quant`.
  case tensor

  static let declaration = JSONText(#"{"format": "float8_e4m3fn"}"#)

  init(of file: SafetensorsFile) {
    if file.header.metadata[QuantizationMetadata.key] != nil {
      self = .metadata
    } else if file.header.entries.contains(where: { $0.name.string.hasSuffix("scaled_fp8") }) {
      self = .marker
    } else {
      self = .tensor
    }
  }

  /// - Returns: `nil` if the codes' name does not end in a layer's `.weight`.
  func writer(for weight: any StoredWeight) -> (any WeightWriter)? {
    let name = weight.codes.name.string
    guard let layer = weight.codes.layer, let grid = ScaleGrid(scales: [], of: weight.shape) else {
      return nil
    }
    let scaleName = self == .marker ? "\(layer).scale_weight" : "\(layer).weight_scale"
    let text = Self.declaration.text
    return GridWriter(
      codes: Layout.Tensor(name: name, type: .float8e4m3, shape: weight.shape),
      scale: Layout.Tensor(name: scaleName, type: .float32, shape: []), grid: grid,
      format: .float8(.float8e4m3),
      marker: self == .tensor
        ? (
          Layout.Tensor(name: "\(layer).comfy_quant", type: .uint8, shape: [text.utf8.count]), text
        ) : nil)
  }
}
