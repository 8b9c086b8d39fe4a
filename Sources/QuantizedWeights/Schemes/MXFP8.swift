import Safetensors
import Tensors

/// ComfyUI's `mxfp8`: E4M3 codes, and a power of two per 32 numbers of a row, in cuBLAS's order.
///
/// Rows and columns are padded to multiples of 32; the shape here is the padded one. An exponent of
/// 0 means 0, as in ComfyUI.
///
/// Source: Comfy-Org/comfy-kitchen `tensor/mxfp8.py`, `backends/eager/quantization.py`.
struct MXFP8: StoredWeight, QuantizationScheme {
  let file: SafetensorsFile
  let tensors: [Header.Entry]
  private let scale: Header.Entry

  static let blockSize = 32

  var scheme: String { "MXFP8" }
  var shape: Shape { codes.shape }

  private var order: BlockedScales {
    BlockedScales(rows: rowCount, blocks: columnCount / Self.blockSize)
  }

  static func weight(
    codes: Header.Entry, in tensors: StoredTensors
  ) throws(QuantizedWeightError) -> (any StoredWeight)? {
    guard codes.type == .float8e4m3, let layer = codes.layer, tensors.format(of: layer) == "mxfp8"
    else { return nil }
    guard let scale = tensors["\(layer).weight_scale"] else {
      throw tensors.fault(codes, "has no weight_scale; is the file whole?")
    }
    guard codes.shape.rank == 2, codes.shape.extents[1] % blockSize == 0,
      [.uint8, .float8e8m0].contains(scale.type),
      scale.elementCount
        == BlockedScales(rows: codes.shape.extents[0], blocks: codes.shape.extents[1] / blockSize)
        .count
    else { throw tensors.fault(codes, hasScales: scale) }
    let others = tensors.companions(of: layer, ["comfy_quant", "input_scale"])
    return MXFP8(file: tensors.file, tensors: [codes, scale] + others, scale: scale)
  }

  /// The number that an exponent encodes.
  static func power(_ exponent: UInt8) -> Float {
    exponent == 0 ? 0 : Float(bitPattern: UInt32(exponent) << 23)
  }

  func doubles(rows: Range<Int>) -> [Double] {
    var numbers = file.doubles(of: codes, rows.times(columnCount))
    let order = order
    let places = order.places(of: rows)
    let exponents = file.bytes(of: scale, places)
    for row in rows {
      for block in 0..<order.blocks {
        let exponent = exponents[order.place(row: row, block: block) - places.lowerBound]
        let factor = Double(Self.power(exponent))
        let start = (row - rows.lowerBound) * columnCount + block * Self.blockSize
        for index in start..<start + Self.blockSize { numbers[index] *= factor }
      }
    }
    return numbers
  }

  func floats(rows: Range<Int>) -> [Float] {
    var numbers = file.floats(of: codes, rows.times(columnCount))
    let order = order
    let places = order.places(of: rows)
    let exponents = file.bytes(of: scale, places)
    let scales = rows.flatMap { row in
      (0..<order.blocks).map { block in
        Self.power(exponents[order.place(row: row, block: block) - places.lowerBound])
      }
    }
    numbers.multiply(blocksOf: Self.blockSize, by: scales)
    return numbers
  }

  func ownWriter() -> (any WeightWriter)? { MXFP8Writer(codes: codes, scale: scale) }
}
