import Safetensors
import Tensors

/// ComfyUI's `nvfp4`: two E2M1 codes per byte, the first in the upper half; an E4M3 scale per 16
/// numbers of a row, in cuBLAS's order; and one scale for the whole tensor.
///
/// Rows and columns are padded to multiples of 16; the shape here is the padded one.
///
/// Source: Comfy-Org/comfy-kitchen `tensor/nvfp4.py`, `backends/eager/quantization.py`.
struct NVFP4: StoredWeight, QuantizationScheme {
  let file: SafetensorsFile
  let tensors: [Header.Entry]
  let shape: Shape
  private let blockScale: Header.Entry
  private let scale: Header.Entry

  static let blockSize = 16

  var scheme: String { "NVFP4" }

  private var order: BlockedScales {
    BlockedScales(rows: rowCount, blocks: columnCount / Self.blockSize)
  }

  static func weight(
    codes: Header.Entry, in tensors: StoredTensors
  ) throws(QuantizedWeightError) -> (any StoredWeight)? {
    guard codes.type == .uint8, let layer = codes.layer, tensors.format(of: layer) == "nvfp4",
      tensors["\(layer).pre_quant_scale"] == nil
    else { return nil }
    guard let blockScale = tensors["\(layer).weight_scale"],
      let scale = tensors["\(layer).weight_scale_2"]
    else {
      throw tensors.fault(codes, "has no weight_scale and weight_scale_2; is the file whole?")
    }
    guard codes.shape.rank == 2, codes.shape.extents[1] % 8 == 0, scale.elementCount == 1,
      scale.type.isScale
    else { throw tensors.fault(codes, hasScales: scale) }
    let extents = [codes.shape.extents[0], codes.shape.extents[1] * 2]
    let order = BlockedScales(rows: extents[0], blocks: extents[1] / blockSize)
    guard [.float8e4m3, .uint8].contains(blockScale.type), blockScale.elementCount == order.count
    else { throw tensors.fault(codes, hasScales: blockScale) }
    let others = tensors.companions(of: layer, ["comfy_quant", "input_scale"])
    return NVFP4(
      file: tensors.file, tensors: [codes, blockScale, scale] + others, shape: Shape(extents),
      blockScale: blockScale, scale: scale)
  }

  /// The numbers of E2M1's codes.
  static let values: [Double] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]

  func doubles(rows: Range<Int>) -> [Double] { numbers(of: rows) { $0 } }

  func floats(rows: Range<Int>) -> [Float] { numbers(of: rows) { Float($0) } }

  @inline(__always)
  private func numbers<Number: BinaryFloatingPoint>(
    of rows: Range<Int>, _ convert: (Double) -> Number
  ) -> [Number] {
    let order = order
    let tiles = order.places(of: rows)
    let scales = file.doubles(of: blockScale, tiles, as: .float8e4m3)
    let whole = file.doubles(of: scale, 0..<1)[0]
    var numbers = [Number](repeating: 0, count: rows.count * columnCount)
    file.withBytes(of: codes) { codes in
      unsafe codes.extracting(rows.times(columnCount / 2)).withUnsafeBytes { bytes in
        var start = 0
        for row in rows {
          for block in 0..<order.blocks {
            let factor = whole * scales[order.place(row: row, block: block) - tiles.lowerBound]
            for index in start..<start + Self.blockSize / 2 {
              let byte = unsafe Int(bytes[index])
              numbers[2 * index] = convert(Self.values[byte >> 4] * factor)
              numbers[2 * index + 1] = convert(Self.values[byte & 15] * factor)
            }
            start += Self.blockSize / 2
          }
        }
      }
    }
    return numbers
  }

  func ownWriter() -> (any WeightWriter)? {
    NVFP4Writer(codes: codes, blockScale: blockScale, scale: scale, shape: shape)
  }
}
