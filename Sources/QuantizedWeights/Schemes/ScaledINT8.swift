import JSON
import Safetensors
import Tensors

/// 8-bit integers with a scale per tensor, row or block; weight = code × scale.
///
/// ComfyUI's `int8_tensorwise` may be rotated (ConvRot): groups of a row are multiplied by an
/// orthogonal matrix before they are encoded.
///
/// Source: Comfy-Org/comfy-kitchen `tensor/int8.py`, `backends/eager/quantization.py`;
/// Comfy-Org/ComfyUI `comfy/ops.py`.
struct ScaledINT8: StoredWeight, QuantizationScheme {
  let file: SafetensorsFile
  let tensors: [Header.Entry]
  private let scale: Header.Entry
  private let grid: ScaleGrid
  private let rotation: GroupRotation?

  var scheme: String { rotation == nil ? "scaled INT8" : "scaled INT8, rotated (ConvRot)" }
  var shape: Shape { codes.shape }

  static func weight(
    codes: Header.Entry, in tensors: StoredTensors
  ) throws(QuantizedWeightError) -> (any StoredWeight)? {
    guard codes.type == .int8, let layer = codes.layer, codes.shape.rank >= 2,
      let scale = tensors["\(layer).weight_scale"]
    else { return nil }
    let declaration = tensors.declaration(of: layer)
    if declaration != nil, tensors.format(of: layer) != "int8_tensorwise" { return nil }
    guard scale.type.isScale, let grid = ScaleGrid(scales: scale.shape, of: codes.shape) else {
      throw tensors.fault(codes, hasScales: scale)
    }
    var rotation: GroupRotation?
    if let size = groupSize(declaration ?? [:]) {
      guard let known = GroupRotation(size: size), grid.columns % size == 0 else {
        throw tensors.fault(
          codes,
          "of shape \(codes.shape) is rotated in groups of \(size), which must be a power of 4 that divides a row; is the file damaged?"
        )
      }
      rotation = known
    }
    let others = tensors.companions(of: layer, ScaledFP8.companions)
    return ScaledINT8(
      file: tensors.file, tensors: [codes, scale] + others, scale: scale, grid: grid,
      rotation: rotation)
  }

  /// The size of rotated groups; `nil` if there is no rotation.
  private static func groupSize(_ declaration: [String: JSONValue]) -> Int? {
    var fields = declaration
    if case .object(let inner)? = declaration["params"] { fields.merge(inner) { own, _ in own } }
    guard fields["convrot"]?.boolean ?? false else { return nil }
    return fields["convrot_groupsize"]?.number.flatMap { Int(exactly: $0) } ?? 256
  }

  func doubles(rows: Range<Int>) -> [Double] {
    var numbers = file.doubles(of: codes, rows.times(columnCount))
    grid.multiply(&numbers, by: file.doubles(of: scale, grid.cells(of: rows)), rows: rows)
    rotation?.apply(to: &numbers)
    return numbers
  }

  func floats(rows: Range<Int>) -> [Float] {
    var numbers = file.floats(of: codes, rows.times(columnCount))
    grid.multiply(&numbers, by: file.floats(of: scale, grid.cells(of: rows)), rows: rows)
    rotation?.apply(to: &numbers)
    return numbers
  }

  func ownWriter() -> (any WeightWriter)? {
    GridWriter(codes: codes, scale: scale, grid: grid, format: .int8(rotation))
  }
}
