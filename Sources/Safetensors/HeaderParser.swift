import Tensors

/// Reads the JSON of a header in one pass over its bytes.
///
/// As strict as the reference implementation (serde_json): numbers of shapes and offsets are plain
/// digits, at most 127 containers are open at a time, surrogates come in pairs, nothing follows
/// the object. Stricter where the format's text is: a tensor named twice is refused, and an entry
/// is an object.
///
/// JSON itself is read in `HeaderParser+JSON` and `HeaderParser+Strings`.
@safe struct HeaderParser {
  /// A reason on its way out of the parser; the file's name is added where it is known.
  typealias Failure = SafetensorsError.Reason

  /// One tensor as its entry claims, before any of it is believed.
  struct Claim {
    let name: TensorName
    let type: ElementType
    let shape: [UInt64]
    let begin: UInt64
    let end: UInt64
  }

  let bytes: UnsafeBufferPointer<UInt8>

  /// The next byte to read.
  var position = 0

  /// Open containers.
  var depth = 0

  private(set) var claims: [Claim] = []
  private(set) var metadata: Metadata?

  /// - Parameter bytes: Valid UTF-8, lent for the life of the parser.
  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    unsafe self.bytes = bytes
    claims.reserveCapacity(bytes.count / 96)
  }

  mutating func parse() throws(Failure) {
    var hasMetadata = false
    skipSpace()
    try forEachMember("the header's object") { parser, key throws(Failure) in
      if key == "__metadata__" {
        if hasMetadata { throw .invalidMetadata(detail: "is given twice") }
        hasMetadata = true
        parser.metadata = try parser.metadataValue()
      } else {
        parser.claims.append(try parser.claim(named: TensorName(key)))
      }
    }
    skipSpace()
    if peek() != nil { throw invalid("something follows the closing brace") }
  }
}

extension HeaderParser {
  private mutating func metadataValue() throws(Failure) -> Metadata? {
    if try skipLiteral("null") { return nil }
    guard peek() == UInt8(ascii: "{") else {
      throw .invalidMetadata(detail: "is not an object")
    }
    var entries: [Metadata.Entry] = []
    try forEachMember("__metadata__") { parser, key throws(Failure) in
      guard parser.peek() == UInt8(ascii: "\"") else {
        let detail = "has a value that is no string under '\(printable(key))'"
        throw .invalidMetadata(detail: detail)
      }
      entries.append(Metadata.Entry(key: key, value: try parser.string()))
    }
    return Metadata(entries)
  }

  private mutating func claim(named name: TensorName) throws(Failure) -> Claim {
    guard peek() == UInt8(ascii: "{") else {
      throw .invalidEntry(name, detail: "an entry that is no object")
    }
    var type: ElementType?
    var shape: [UInt64]?
    var offsets: (begin: UInt64, end: UInt64)?
    try forEachMember("a tensor's object") { parser, key throws(Failure) in
      switch key {
      case "dtype":
        if type != nil { throw second(key, of: name) }
        type = try parser.elementType(of: name)
      case "shape":
        if shape != nil { throw second(key, of: name) }
        shape = try parser.extents(of: name)
      case "data_offsets":
        if offsets != nil { throw second(key, of: name) }
        offsets = try parser.offsets(of: name)
      default: try parser.skipValue()
      }
    }
    guard let type else { throw .invalidEntry(name, detail: "no dtype") }
    guard let shape else { throw .invalidEntry(name, detail: "no shape") }
    guard let offsets else { throw .invalidEntry(name, detail: "no data_offsets") }
    return Claim(name: name, type: type, shape: shape, begin: offsets.begin, end: offsets.end)
  }

  private mutating func elementType(of name: TensorName) throws(Failure) -> ElementType {
    guard peek() == UInt8(ascii: "\"") else {
      throw .invalidEntry(name, detail: "a dtype that is no string")
    }
    let spelling = try string()
    guard let type = ElementType(rawValue: spelling) else {
      throw .unknownElementType(name, spelling: spelling)
    }
    return type
  }

  private mutating func extents(of name: TensorName) throws(Failure) -> [UInt64] {
    var extents: [UInt64] = []
    try forEachInteger("shape", of: name) { extents.append($0) }
    return extents
  }

  private mutating func offsets(
    of name: TensorName
  ) throws(Failure) -> (begin: UInt64, end: UInt64) {
    var (begin, end, count): (UInt64, UInt64, Int) = (0, 0, 0)
    try forEachInteger("data_offsets", of: name) {
      (begin, end) = (end, $0)
      count += 1
    }
    guard count == 2 else {
      throw .invalidEntry(name, detail: "\(count) data_offsets instead of 2")
    }
    return (begin, end)
  }

  private mutating func forEachInteger(
    _ key: String, of name: TensorName, _ body: (UInt64) -> Void
  ) throws(Failure) {
    guard peek() == UInt8(ascii: "[") else { throw notIntegers(key, of: name) }
    try forEachElement { parser throws(Failure) in
      guard let value = parser.plainInteger() else { throw notIntegers(key, of: name) }
      body(value)
    }
  }
}

private func notIntegers(_ key: String, of name: TensorName) -> SafetensorsError.Reason {
  let what = key == "shape" ? "a shape that is" : "data_offsets that are"
  return .invalidEntry(name, detail: "\(what) no list of plain integers")
}

private func second(_ key: String, of name: TensorName) -> SafetensorsError.Reason {
  .invalidEntry(name, detail: "more than one \(key)")
}
