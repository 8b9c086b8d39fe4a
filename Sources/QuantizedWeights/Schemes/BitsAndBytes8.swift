import Safetensors
import Tensors

/// bitsandbytes' 8-bit integers: weight = code × SCB of the row / 127.
///
/// Source: bitsandbytes `nn/modules.py` (`Linear8bitLt`), `functional.py`
/// (`int8_vectorwise_dequant`).
struct BitsAndBytes8: StoredWeight, QuantizationScheme {
  let file: SafetensorsFile
  let tensors: [Header.Entry]
  private let scale: Header.Entry

  var scheme: String { "bitsandbytes INT8" }
  var shape: Shape { codes.shape }

  static func weight(
    codes: Header.Entry, in tensors: StoredTensors
  ) throws(QuantizedWeightError) -> (any StoredWeight)? {
    guard codes.type == .int8, let layer = codes.layer, let scale = tensors["\(layer).SCB"] else {
      return nil
    }
    guard scale.type.isScale, scale.elementCount == codes.shape.extents.first else {
      throw tensors.fault(codes, hasScales: scale)
    }
    let format = tensors["\(layer).weight_format"]
    if let format,
      tensors.file.bytes(of: format, 0..<format.range.count).contains(where: { $0 != 0 })
    {
      throw tensors.fault(
        codes, "lies in the order of a GPU's tiles, not row by row; save the model again")
    }
    return BitsAndBytes8(
      file: tensors.file, tensors: [codes, scale] + (format.map { [$0] } ?? []), scale: scale)
  }

  func doubles(rows: Range<Int>) -> [Double] {
    var numbers = file.doubles(of: codes, rows.times(columnCount))
    let scales = file.doubles(of: scale, rows)
    for (row, scale) in scales.enumerated() {
      for index in row * columnCount..<(row + 1) * columnCount {
        numbers[index] = numbers[index] * scale / 127
      }
    }
    return numbers
  }
}
