import JSON
import Safetensors

/// The fields of a GGUF file's header.
struct GGUFFields {
  private(set) var metadata = Metadata()

  /// The alignment of tensors in bytes.
  private(set) var alignment = 32

  /// The shapes that tensors had before they were reshaped for their blocks, by name.
  ///
  /// Source: city96/ComfyUI-GGUF `tools/convert.py`.
  private(set) var shapes: [String: [Int]] = [:]

  /// Lists that metadata do not hold, such as a vocabulary: their keys, and how long they are.
  private(set) var longLists: [(key: String, count: Int)] = []

  private static let shapePrefix = "comfy.gguf.orig_shape."

  mutating func read(_ reader: inout ByteReader) throws(ByteReader.Failure) {
    let key = try reader.string()
    let value = try Self.value(of: reader.integer(UInt32.self), &reader, depth: 0)
    if case .integer(let number) = value, key == "general.alignment" {
      alignment = Int(clamping: number)
    }
    if case .list(let values) = value, key.hasPrefix(Self.shapePrefix) {
      let extents = values.compactMap(\.extent)
      if extents.count == values.count {
        shapes[String(key.dropFirst(Self.shapePrefix.count))] = extents
      }
    }
    if case .longList(let count) = value {
      longLists.append((key, count))
    } else {
      metadata[key] = value.text
    }
  }

  private enum Value {
    case integer(Int128)

    /// A number with a point, or a truth, as JSON writes it.
    case literal(String)
    case text(String)
    case list([Value])

    /// A list that is too long to show.
    case longList(count: Int)

    /// The value for the metadata: a text as it is, all else as JSON.
    var text: String {
      if case .text(let text) = self { text } else { json }
    }

    private var json: String {
      switch self {
      case .integer(let number): "\(number)"
      case .literal(let text): text
      case .text(let text): JSONValue.string(text).text()
      case .list(let values): "[\(values.map(\.json).joined(separator: ", "))]"
      case .longList(let count): "\"\(count) items\""
      }
    }

    var extent: Int? {
      if case .integer(let number) = self, number >= 0 { Int(exactly: number) } else { nil }
    }
  }

  /// The longest list that is shown; longer ones are vocabularies.
  private static let longestList = 16

  private static func value(
    of type: UInt32, _ reader: inout ByteReader, depth: Int
  ) throws(ByteReader.Failure) -> Value {
    switch type {
    case 0: return .integer(Int128(try reader.integer(UInt8.self)))
    case 1: return .integer(Int128(try reader.integer(Int8.self)))
    case 2: return .integer(Int128(try reader.integer(UInt16.self)))
    case 3: return .integer(Int128(try reader.integer(Int16.self)))
    case 4: return .integer(Int128(try reader.integer(UInt32.self)))
    case 5: return .integer(Int128(try reader.integer(Int32.self)))
    case 6: return .literal("\(Float(bitPattern: try reader.integer(UInt32.self)))")
    case 7: return .literal(try reader.integer(UInt8.self) == 0 ? "false" : "true")
    case 8: return .text(try reader.string())
    case 9: return try list(&reader, depth: depth)
    case 10: return .integer(Int128(try reader.integer(UInt64.self)))
    case 11: return .integer(Int128(try reader.integer(Int64.self)))
    case 12: return .literal("\(Double(bitPattern: try reader.integer(UInt64.self)))")
    default: throw .init("has a field of type \(type), which GGUF does not know")
    }
  }

  private static func list(
    _ reader: inout ByteReader, depth: Int
  ) throws(ByteReader.Failure) -> Value {
    guard depth < 4 else { throw .init("has lists of lists of lists in its header") }
    let type = try reader.integer(UInt32.self)
    let count = try reader.count(atLeast: 1)
    var values: [Value] = []
    for _ in 0..<count {
      let value = try value(of: type, &reader, depth: depth + 1)
      if count <= longestList { values.append(value) }
    }
    let isShort = values.allSatisfy { if case .longList = $0 { false } else { true } }
    return count <= longestList && isShort ? .list(values) : .longList(count: count)
  }
}
