import Safetensors
import Tensors

/// A tensor of a GGUF file in blocks, each with its own scales.
///
/// Source: ggml-org/ggml `src/ggml-quants.c`, `src/ggml-common.h`.
struct GGUFBlocks: StoredWeight, QuantizationScheme {
  let file: SafetensorsFile
  let tensors: [Header.Entry]
  let shape: Shape
  private let code: any BlockCode.Type

  var scheme: String { "GGUF \(code)" }

  static func weight(
    codes: Header.Entry, in tensors: StoredTensors
  ) throws(QuantizedWeightError) -> (any StoredWeight)? {
    guard let block = tensors.blocks[codes.name] else { return nil }
    guard let code = block.type.code else {
      throw tensors.fault(
        codes,
        "is stored as \(block.type.name), which lora does not read; take the model as Q8_0, Q6_K, Q5_K or Q4_K"
      )
    }
    return GGUFBlocks(file: tensors.file, tensors: [codes], shape: block.shape, code: code)
  }

  func doubles(rows: Range<Int>) -> [Double] { decoded(code, rows.times(columnCount)) }

  /// Decodes blocks in sequence; they do not follow the rows.
  private func decoded<Code: BlockCode>(_ code: Code.Type, _ elements: Range<Int>) -> [Double] {
    if elements.isEmpty { return [] }
    let blocks =
      elements.lowerBound / Code.count..<(elements.upperBound + Code.count - 1) / Code.count
    let bytes = file.bytes(of: codes, blocks.times(Code.byteCount))
    var numbers: [Double] = []
    numbers.reserveCapacity(blocks.count * Code.count)
    for index in 0..<blocks.count {
      Code.decode(Block(bytes: bytes, start: index * Code.byteCount), to: &numbers)
    }
    let first = elements.lowerBound - blocks.lowerBound * Code.count
    return Array(numbers[first..<first + elements.count])
  }
}
