import JSON
import Safetensors
import Tensors

/// bitsandbytes' NF4 and FP4: two codes per byte, the first in the upper half.
///
/// Each code stands for a number of a table, times the largest magnitude of its block.
///
/// These magnitudes may be codes themselves ("double quantisation"): numbers of another table,
/// times the largest of their block, plus an offset.
///
/// Source: bitsandbytes `functional.py` (`QuantState`, `dequantize_4bit`, `dequantize_blockwise`).
struct BitsAndBytes4: StoredWeight, QuantizationScheme {
  let file: SafetensorsFile
  let tensors: [Header.Entry]
  let scheme: String
  let shape: Shape
  private let blockSize: Int
  private let table: [Double]
  private let magnitudes: Header.Entry
  private let nested: Nested?

  /// The storage of the blocks' magnitudes as codes.
  private struct Nested: Sendable {
    let magnitudes: Header.Entry
    let table: [Double]
    let blockSize: Int
    let offset: Double
  }

  static func weight(
    codes: Header.Entry, in tensors: StoredTensors
  ) throws(QuantizedWeightError) -> (any StoredWeight)? {
    let name = codes.name.string
    guard codes.layer != nil else { return nil }
    let states = ["nf4", "fp4"].compactMap { kind in
      tensors["\(name).quant_state.bitsandbytes__\(kind)"].map { (kind, $0) }
    }
    guard let (kind, state) = states.first else { return nil }
    let reading = Reading(codes: codes, state: state, tensors: tensors)
    let fields = try reading.fields()
    let shape = try reading.shape(fields)
    let blockSize = try reading.size(fields, "blocksize")
    let count = shape.elementCount ?? 0
    guard codes.range.count == (count + 1) / 2 else {
      throw tensors.fault(
        codes, "has \(codes.range.count) bytes for \(count) codes of 4 bits; is the file damaged?")
    }
    let blocks = (count + blockSize - 1) / blockSize
    let magnitudes = try reading.tensor("absmax", count: blocks)
    let (table, tableEntry) = try reading.table("quant_map", count: 16)
    var (nested, others): (Nested?, [Header.Entry]) = (nil, [magnitudes, tableEntry, state])
    if tensors["\(name).nested_absmax"] != nil {
      let size = try reading.size(fields, "nested_blocksize")
      let inner = try reading.tensor("nested_absmax", count: (blocks + size - 1) / size)
      let (values, entry) = try reading.table("nested_quant_map", count: 256)
      guard magnitudes.type == .uint8, let offset = fields["nested_offset"]?.number else {
        throw tensors.fault(codes, hasScales: magnitudes)
      }
      nested = Nested(magnitudes: inner, table: values, blockSize: size, offset: offset)
      others += [inner, entry]
    } else if !magnitudes.type.isScale {
      throw tensors.fault(codes, hasScales: magnitudes)
    }
    return BitsAndBytes4(
      file: tensors.file, tensors: [codes] + others, scheme: "bitsandbytes \(kind.uppercased())",
      shape: shape, blockSize: blockSize, table: table, magnitudes: magnitudes, nested: nested)
  }

  func doubles(rows: Range<Int>) -> [Double] {
    let elements = rows.times(columnCount)
    if elements.isEmpty { return [] }
    let bytes = file.bytes(of: codes, elements.lowerBound / 2..<(elements.upperBound + 1) / 2)
    let blocks = elements.lowerBound / blockSize..<(elements.upperBound - 1) / blockSize + 1
    let factors = magnitudes(of: blocks)
    return elements.map { element in
      let byte = bytes[element / 2 - elements.lowerBound / 2]
      let code = element % 2 == 0 ? byte >> 4 : byte & 15
      return table[Int(code)] * factors[element / blockSize - blocks.lowerBound]
    }
  }

  private func magnitudes(of blocks: Range<Int>) -> [Double] {
    guard let nested else { return file.doubles(of: magnitudes, blocks) }
    let first = blocks.lowerBound / nested.blockSize
    let last = (blocks.upperBound - 1) / nested.blockSize
    let factors = file.doubles(of: nested.magnitudes, first..<last + 1)
    return zip(blocks, file.bytes(of: magnitudes, blocks)).map { block, code in
      nested.table[Int(code)] * factors[block / nested.blockSize - first] + nested.offset
    }
  }
}

/// The parts of a weight's state, each of them checked.
private struct Reading {
  let codes: Header.Entry
  let state: Header.Entry
  let tensors: StoredTensors

  func fields() throws(QuantizedWeightError) -> [String: JSONValue] {
    let text = tensors.file.bytes(of: state, 0..<state.range.count)
    guard case .object(let fields)? = JSONValue(parsing: text) else {
      throw tensors.fault(codes, "has a quant_state that is no JSON; is the file damaged?")
    }
    return fields
  }

  func shape(_ fields: [String: JSONValue]) throws(QuantizedWeightError) -> Shape {
    guard let extents = fields["shape"]?.integers, !extents.isEmpty,
      extents.allSatisfy({ $0 > 0 }), Shape(extents).elementCount != nil
    else { throw tensors.fault(codes, "has a quant_state without a shape; is the file damaged?") }
    return Shape(extents)
  }

  func size(_ fields: [String: JSONValue], _ key: String) throws(QuantizedWeightError) -> Int {
    guard let size = fields[key]?.number.flatMap({ Int(exactly: $0) }), size > 0, size <= 1 << 20
    else { throw tensors.fault(codes, "has a quant_state without a \(key); is the file damaged?") }
    return size
  }

  func tensor(_ word: String, count: Int) throws(QuantizedWeightError) -> Header.Entry {
    guard let entry = tensors["\(codes.name.string).\(word)"] else {
      throw tensors.fault(codes, "has no \(word); is the file whole?")
    }
    guard entry.elementCount == count else {
      throw tensors.fault(
        codes, "has \(entry.elementCount) numbers in \(word), not \(count); is the file damaged?")
    }
    return entry
  }

  func table(
    _ word: String, count: Int
  ) throws(QuantizedWeightError) -> ([Double], Header.Entry) {
    let entry = try tensor(word, count: count)
    guard entry.type.isScale else { throw tensors.fault(codes, hasScales: entry) }
    return (tensors.file.doubles(of: entry, 0..<count), entry)
  }
}
