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

  private static let shapePrefix = "comfy.gguf.orig_shape."

  mutating func read(_ reader: inout ByteReader) throws(ByteReader.Failure) {
    let key = try reader.string()
    let value = try Self.value(of: reader.integer(UInt32.self), &reader, depth: 0)
    if case .integer(let number) = value, key == "general.alignment" {
      alignment = Int(clamping: number)
    }
    if case .integers(let numbers) = value, key.hasPrefix(Self.shapePrefix),
      numbers.allSatisfy({ $0 >= 0 && $0 <= Int.max })
    {
      shapes[String(key.dropFirst(Self.shapePrefix.count))] = numbers.map { Int($0) }
    }
    if let text = value.text { metadata[key] = text }
  }

  private enum Value {
    case integer(Int128)
    case text(String)
    case integers([Int128])

    /// A value that is too long to show.
    case list

    /// The value as text for the metadata.
    var text: String? {
      switch self {
      case .integer(let number): "\(number)"
      case .text(let text): text
      case .integers(let numbers): "[\(numbers.map { "\($0)" }.joined(separator: ", "))]"
      case .list: nil
      }
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
    case 6: return .text("\(Float(bitPattern: try reader.integer(UInt32.self)))")
    case 7: return .text(try reader.integer(UInt8.self) == 0 ? "false" : "true")
    case 8: return .text(try reader.string())
    case 9: return try list(&reader, depth: depth)
    case 10: return .integer(Int128(try reader.integer(UInt64.self)))
    case 11: return .integer(Int128(try reader.integer(Int64.self)))
    case 12: return .text("\(Double(bitPattern: try reader.integer(UInt64.self)))")
    default: throw .init("has a field of type \(type), which GGUF does not know")
    }
  }

  private static func list(
    _ reader: inout ByteReader, depth: Int
  ) throws(ByteReader.Failure) -> Value {
    guard depth < 4 else { throw .init("has lists of lists of lists in its header") }
    let type = try reader.integer(UInt32.self)
    let count = try reader.count(atLeast: 1)
    var numbers: [Int128] = []
    for _ in 0..<count {
      guard case .integer(let number) = try value(of: type, &reader, depth: depth + 1) else {
        continue
      }
      if numbers.count <= longestList { numbers.append(number) }
    }
    return numbers.count == count && count <= longestList ? .integers(numbers) : .list
  }
}
