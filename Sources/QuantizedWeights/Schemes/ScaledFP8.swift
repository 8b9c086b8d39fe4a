import Safetensors
import Tensors

/// 8-bit floats with a scale per tensor, row or block; weight = code × scale.
///
/// The scale is called `scale_weight` (ComfyUI's first format, with a `scaled_fp8` beside the
/// layers), `weight_scale` (ComfyUI's second, with `comfy_quant` or `_quantization_metadata`;
/// musubi-tuner; compressed-tensors) or `weight_scale_inv` (DeepSeek's blocks of 128 × 128), which
/// is a factor too.
///
/// Source: Comfy-Org/ComfyUI `comfy/quant_ops.py`, `comfy/utils.py`; deepseek-ai/DeepSeek-V3
/// `inference/kernel.py`.
struct ScaledFP8: StoredWeight, QuantizationScheme {
  let file: SafetensorsFile
  let tensors: [Header.Entry]
  private let scale: Header.Entry
  private let grid: ScaleGrid

  static let scaleNames = ["weight_scale", "scale_weight", "weight_scale_inv"]

  /// The tensors that accompany a layer's codes and scale.
  static let companions = ["comfy_quant", "input_scale", "scale_input"]

  /// ComfyUI's names of the types.
  static let formats: [String: ElementType] = [
    "float8_e4m3fn": .float8e4m3, "float8_e5m2": .float8e5m2,
  ]

  var scheme: String { "scaled FP8" }
  var shape: Shape { codes.shape }

  static func weight(
    codes: Header.Entry, in tensors: StoredTensors
  ) throws(QuantizedWeightError) -> (any StoredWeight)? {
    guard codes.type.isFloat8, let layer = codes.layer, codes.shape.rank >= 2 else { return nil }
    let format = tensors.format(of: layer)
    if let format, formats[format] == nil { return nil }
    let scales = tensors.companions(of: layer, scaleNames)
    guard let scale = scales.first else {
      if format == nil { return nil }
      throw tensors.fault(
        codes, "has no weight_scale, which its format asks for; is the file whole?")
    }
    if let format, formats[format] != codes.type {
      throw tensors.fault(
        codes, "is of type \(codes.type.rawValue), declared as \(format); is the file damaged?")
    }
    if scales.count > 1 {
      let names = scales.map(\.name.description).joined(separator: " and ")
      throw tensors.fault(codes, "has several scales (\(names)); remove those that are not its own")
    }
    guard scale.type.isScale, let grid = ScaleGrid(scales: scale.shape, of: codes.shape) else {
      throw tensors.fault(codes, hasScales: scale)
    }
    let others = tensors.companions(of: layer, companions)
    return ScaledFP8(
      file: tensors.file, tensors: [codes, scale] + others, scale: scale, grid: grid)
  }

  func doubles(rows: Range<Int>) -> [Double] {
    var numbers = file.doubles(of: codes, rows.times(columnCount))
    grid.multiply(&numbers, by: file.doubles(of: scale, grid.cells(of: rows)), rows: rows)
    return numbers
  }

  func floats(rows: Range<Int>) -> [Float] {
    var numbers = file.floats(of: codes, rows.times(columnCount))
    grid.multiply(&numbers, by: file.floats(of: scale, grid.cells(of: rows)), rows: rows)
    return numbers
  }

  func ownWriter() -> (any WeightWriter)? {
    GridWriter(codes: codes, scale: scale, grid: grid, format: .float8(codes.type))
  }
}

extension ElementType {
  /// Whether elements are 8-bit floats with a sign and a mantissa.
  var isFloat8: Bool {
    switch self {
    case .float8e4m3, .float8e5m2, .float8e4m3fnuz, .float8e5m2fnuz: true
    default: false
    }
  }

  /// Whether elements can be scales.
  var isScale: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16, .float8e8m0: true
    default: false
    }
  }
}
