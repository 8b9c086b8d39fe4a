import Tensors
import TestSupport
import Testing

@testable import Safetensors

private func parse(_ json: String) throws -> Header {
  let bytes = Array(json.utf8)
  return try unsafe Header.parse(bytes.span.bytes, file: "file")
}

/// A header of one tensor `w` with these fields.
private func entry(_ fields: String) -> String { #"{"w":{\#(fields)}}"# }

/// A header of one tensor `w`.
private func tensor(
  _ type: String = "F32", _ shape: String = "[2]", _ offsets: String = "[0,8]"
) -> String {
  entry(#""dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)"#)
}

@Suite struct RefusedHeaderTests {
  typealias Reason = SafetensorsError.Reason

  private static func json(_ detail: String, at offset: Int) -> Reason {
    .invalidJSON(detail: detail, offset: offset)
  }

  private static func w(_ detail: String) -> Reason { .invalidEntry("w", detail: detail) }

  /// Headers that are not JSON, or not the JSON of a header.
  static let notJSON: [(json: String, reason: Reason)] = [
    ("", json("it ends inside the header's object", at: 0)),
    ("   ", json("it ends inside the header's object", at: 3)),
    ("{", json("it ends inside a string", at: 1)),
    ("null", json("expected '{' in the header's object", at: 0)),
    ("[]", json("expected '{' in the header's object", at: 0)),
    ("\u{FEFF}{}", json("expected '{' in the header's object", at: 0)),
    ("{}x", json("something follows the closing brace", at: 2)),
    ("{}{}", json("something follows the closing brace", at: 2)),
    ("{'w':1}", json("expected '\"' in a string", at: 1)),
    ("{,}", json("expected '\"' in a string", at: 1)),
    (#"{"w" 1}"#, json("expected ':' in the header's object", at: 5)),
    (#"{"w"#, json("it ends inside a string", at: 3)),
    (#"{"w\"#, json("it ends inside a string", at: 4)),
    (#"{"w\"":{}"#, w("no dtype").renamed("w\"")),
    ("{\"w\n\":1}", json("a control character in a string", at: 3)),
    ("{\"w\\n\n\":1}", json("a control character in a string", at: 5)),
    (#"{"\x":1}"#, json("an escape that JSON does not have", at: 3)),
    (#"{"\u12g4":1}"#, json(#"\u without four hexadecimal digits"#, at: 6)),
    (#"{"\u12"#, json(#"\u without four hexadecimal digits"#, at: 6)),
    (#"{"\ud83d":1}"#, json("half of a surrogate pair", at: 8)),
    (#"{"\ud83d\n":1}"#, json("half of a surrogate pair", at: 8)),
    (#"{"\ud83d\u0041":1}"#, json("half of a surrogate pair", at: 8)),
    (#"{"\ude00\ud83d":1}"#, json("half of a surrogate pair", at: 8)),
    (tensor() + ",", json("something follows the closing brace", at: tensor().utf8.count)),
    (entry(#""a":"#), json("expected a value", at: 10)),
    (entry(#""a":tru"#), json("expected 'true'", at: 10)),
    (entry(#""a":nul1"#), json("expected 'null'", at: 10)),
    (entry(#""a":01"#), json("a number begins with 0", at: 12)),
    (entry(#""a":-"#), json("expected a value", at: 11)),
    (entry(#""a":1."#), json("a number ends in a point", at: 12)),
    (entry(#""a":1e+"#), json("a number has no exponent after its e", at: 13)),
    (entry(#""a":1e309"#), json("a number is too large", at: 15)),
    (entry(#""a":[1,]"#), json("expected a value", at: 13)),
    (entry(#""a":{"b":1,}"#), json("expected '\"' in a string", at: 17)),
    (entry(#""a":"#).dropLast(2) + "", json("it ends where a value should be", at: 10)),
    (#"{"w":{"a":1"#, json("it ends inside a tensor's object", at: 11)),
  ]

  /// Entries that do not say what a tensor is, or not once.
  static let notTensors: [(json: String, reason: Reason)] = [
    (#"{"w":null}"#, w("an entry that is no object")),
    (#"{"w":["F32",[2],[0,8]]}"#, w("an entry that is no object")),
    (entry(""), w("no dtype")),
    (entry(#""dtype":"F32""#), w("no shape")),
    (entry(#""dtype":"F32","shape":[2]"#), w("no data_offsets")),
    (entry(#""DTYPE":"F32","shape":[2],"data_offsets":[0,8]"#), w("no dtype")),
    (entry(#""dtype":"F32","dtype":"F32""#), w("more than one dtype")),
    (entry(#""shape":[],"shape":[]"#), w("more than one shape")),
    (entry(#""data_offsets":[0,8],"data_offsets":[0,8]"#), w("more than one data_offsets")),
    (entry(#""dtype":32"#), w("a dtype that is no string")),
    (tensor("F32", "2"), w("a shape that is no list of plain integers")),
    (tensor("F32", #"["2"]"#), w("a shape that is no list of plain integers")),
    (tensor("F32", "[-2]"), w("a shape that is no list of plain integers")),
    (tensor("F32", "[-0]"), w("a shape that is no list of plain integers")),
    (tensor("F32", "[+2]"), w("a shape that is no list of plain integers")),
    (tensor("F32", "[2.0]"), w("a shape that is no list of plain integers")),
    (tensor("F32", "[2e0]"), w("a shape that is no list of plain integers")),
    (tensor("F32", "[02]"), w("a shape that is no list of plain integers")),
    (tensor("F32", "[18446744073709551616]"), w("a shape that is no list of plain integers")),
    (tensor("F32", "[2]", "{}"), w("data_offsets that are no list of plain integers")),
    (tensor("F32", "[2]", "[0,8.0]"), w("data_offsets that are no list of plain integers")),
    (tensor("F32", "[2]", "[8]"), w("1 data_offsets instead of 2")),
    (tensor("F32", "[2]", "[0,8,8]"), w("3 data_offsets instead of 2")),
    (tensor("F128"), .unknownElementType("w", spelling: "F128")),
    (tensor("f32"), .unknownElementType("w", spelling: "f32")),
    (tensor(""), .unknownElementType("w", spelling: "")),
    (
      #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
        + #""\u0077":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      .duplicateTensor("w")
    ),
  ]

  /// Sizes and places that cannot be.
  static let misplaced: [(json: String, reason: Reason)] = [
    (
      tensor("F32", "[9223372036854775808,2]"),
      .sizeOverflow("w", shape: "[9223372036854775808, 2]")
    ),
    // Before a zero saves it.
    (
      tensor("F32", "[9223372036854775808,2,0]", "[0,0]"),
      .sizeOverflow("w", shape: "[9223372036854775808, 2, 0]")
    ),
    // 2⁶¹ + 2 elements of 4 bytes are 8 modulo 2⁶⁴.
    (
      tensor("F32", "[4611686018427387906]"),
      .sizeOverflow("w", shape: "[4611686018427387906]")
    ),
    (tensor("F4", "[3]", "[0,1]"), .partialByte("w", shape: "[3]", type: .float4)),
    (tensor("F32", "[3]"), .sizeMismatch("w", shape: "[3]", type: .float32, bytes: 8)),
    (tensor("F32", "[0]"), .sizeMismatch("w", shape: "[0]", type: .float32, bytes: 8)),
    (tensor("F32", "[2]", "[4,12]"), .invalidOffset("w", expected: 0, begin: 4, end: 12)),
    (tensor("F32", "[2]", "[8,0]"), .invalidOffset("w", expected: 0, begin: 8, end: 0)),
    (
      tensor("U8", "[9223372036854775808]", "[0,9223372036854775808]"),
      .invalidOffset("w", expected: 0, begin: 0, end: 9_223_372_036_854_775_808)
    ),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
        + #""b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
      .invalidOffset("b", expected: 2, begin: 1, end: 3)
    ),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
        + #""b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}"#,
      .invalidOffset("b", expected: 2, begin: 3, end: 5)
    ),
    (#"{"__metadata__":1}"#, .invalidMetadata(detail: "is not an object")),
    (
      #"{"__metadata__":{"a\t":1}}"#,
      .invalidMetadata(detail: #"has a value that is no string under 'a\u{9}'"#)
    ),
    (
      #"{"__metadata__":null,"__metadata__":null}"#,
      .invalidMetadata(detail: "is given twice")
    ),
  ]

  @Test(arguments: notJSON + notTensors + misplaced)
  func isRefused(_ example: (json: String, reason: Reason)) {
    #expect(throws: SafetensorsError(file: "file", reason: example.reason)) {
      try parse(example.json)
    }
  }

  /// serde_json's limit: 127 containers, two of which are around the field.
  @Test(arguments: ["[", "{\"a\":"]) func nestingIsLimited(open: String) throws {
    func nested(_ depth: Int) -> String {
      let close = open == "[" ? "]" : "}"
      let value = String(repeating: open, count: depth) + (open == "[" ? "" : "1")
      return String(tensor().dropLast(2)) + #","a":"# + value
        + String(repeating: close, count: depth) + "}}"
    }
    #expect(try parse(nested(125)).entries.count == 1)
    #expect(throws: SafetensorsError.self) { try parse(nested(126)) }
    #expect(throws: SafetensorsError.self) { try parse(nested(1_000_000)) }
  }

  @Test func notUTF8() throws {
    for (bytes, offset) in [([0x7B, 0x22, 0xE9, 0x22], 2), ([0x7B, 0xC0, 0x80], 1)] {
      let header = bytes.map(UInt8.init)
      let error = SafetensorsError(file: "file", reason: .invalidUTF8(offset: offset))
      #expect(throws: error) { try unsafe Header.parse(header.span.bytes, file: "file") }
    }
  }

  /// Every refusal is one line that names the file and fits a terminal.
  @Test(arguments: notJSON + notTensors + misplaced)
  func isOneLine(_ example: (json: String, reason: Reason)) {
    let message = "\(SafetensorsError(file: "file", reason: example.reason))"
    #expect(message.hasPrefix("file: "))
    #expect(message.unicodeScalars.allSatisfy { $0.value >= 0x20 })
  }
}

extension SafetensorsError.Reason {
  fileprivate func renamed(_ name: TensorName) -> Self {
    guard case .invalidEntry(_, let detail) = self else { return self }
    return .invalidEntry(name, detail: detail)
  }
}

extension TensorName: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}

@Suite struct AcceptedHeaderTests {
  @Test func fieldsMayComeInAnyOrder() throws {
    let header = try parse(
      entry(
        #""data_offsets" : [ 0 , 8 ] ,"x":[1e300,-0.5,{"y":"\ud83d\ude00"}],"shape":[2],"dtype":"F\u00332""#
      ))
    let entry = try #require(header["w"])
    #expect(entry.type == .float32)
    #expect(entry.shape == [2])
    #expect(entry.range == 0..<8)
    #expect(entry.elementCount == 2)
  }

  @Test func entriesAreInFileOrder() throws {
    let header = try parse(
      #"{"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"z":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},"#
        + #""a":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]}}"#)
    #expect(header.entries.map(\.name) == ["a", "z", "b"])
    #expect(header["z"]?.elementCount == 0)
    #expect(header["no"] == nil)
  }

  @Test func namesAreBytes() throws {
    let header = try parse(
      "{\"\u{E9}\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
        + "\"e\u{301}\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}")
    #expect(header["\u{E9}"]?.range == 0..<1)
    #expect(header["e\u{301}"]?.range == 1..<2)
  }

  @Test(arguments: [("{}", 0), (#"{"__metadata__":{}}"#, 0), (#"{"__metadata__":null}"#, 0)])
  func nothingIsFine(json: String, count: Int) throws {
    let header = try parse(json)
    #expect(header.entries.isEmpty)
    #expect(header.metadata.isEmpty)
  }

  @Test func escapes() throws {
    let header = try parse(
      #"{"__metadata__":{"\"\\\/\b\f\n\r\t\u0000\u00e9\uD83D\uDE00":"\u20ac"}}"#)
    #expect(header.metadata["\"\\/\u{8}\u{C}\n\r\t\0\u{E9}\u{1F600}"] == "€")
  }

  /// The last of equal metadata keys counts, as in the reference implementation.
  @Test func metadataIsSortedByBytes() throws {
    let header = try parse(#"{"__metadata__":{"b":"1","é":"2","B":"3","b":"4"}}"#)
    #expect(header.metadata.entries.map(\.key) == ["B", "b", "é"])
    #expect(header.metadata["b"] == "4")
  }

  /// An extent of a tensor without elements may be any number.
  @Test func hugeExtentsOfNothing() throws {
    let header = try parse(tensor("F32", "[0,18446744073709551615]", "[0,0]"))
    #expect(header["w"]?.elementCount == 0)
  }
}
