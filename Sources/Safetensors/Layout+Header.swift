import Tensors

extension Layout {
  /// The length and the JSON, padded with spaces so that the data begin at a multiple of 8.
  ///
  /// - Parameter byteCount: The least length of the whole; more is filled with spaces.
  package func header(metadata: Metadata, byteCount: Int = 0) -> [UInt8] {
    var json = [UInt8](repeating: 0, count: 8)  // the length, known at the end
    json.reserveCapacity(128 * (tensors.count + 1))
    json.append(UInt8(ascii: "{"))
    if !metadata.isEmpty { append(metadata, to: &json) }
    for (index, tensor) in tensors.enumerated() {
      if index > 0 || !metadata.isEmpty { json.append(UInt8(ascii: ",")) }
      append(tensor, at: offsets[index], to: &json)
    }
    json.append(UInt8(ascii: "}"))
    let padded = max((json.count + 7) / 8 * 8, byteCount)
    json += repeatElement(UInt8(ascii: " "), count: padded - json.count)
    for byte in 0..<8 { json[byte] = UInt8(truncatingIfNeeded: (json.count - 8) >> (8 * byte)) }
    return json
  }
}

private func append(_ metadata: Metadata, to json: inout [UInt8]) {
  json += #""__metadata__":{"#.utf8
  for (index, entry) in metadata.entries.enumerated() {
    if index > 0 { json.append(UInt8(ascii: ",")) }
    appendJSONString(entry.key, to: &json)
    json.append(UInt8(ascii: ":"))
    appendJSONString(entry.value, to: &json)
  }
  json.append(UInt8(ascii: "}"))
}

private func append(_ tensor: Layout.Tensor, at offset: Int, to json: inout [UInt8]) {
  appendJSONString(tensor.name.string, to: &json)
  let shape = tensor.shape.extents.map(String.init).joined(separator: ",")
  json += #":{"dtype":"\#(tensor.type.rawValue)","shape":[\#(shape)]"#.utf8
  json += #","data_offsets":[\#(offset),\#(offset + tensor.byteCount)]}"#.utf8
}

/// Appends a string as serde_json spells it: only what must be escaped is.
private func appendJSONString(_ string: String, to json: inout [UInt8]) {
  json.append(UInt8(ascii: "\""))
  let isPlain = string.utf8.allSatisfy {
    $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
  }
  if isPlain {
    json += string.utf8
  } else {
    for byte in string.utf8 { appendEscaped(byte, to: &json) }
  }
  json.append(UInt8(ascii: "\""))
}

private func appendEscaped(_ byte: UInt8, to json: inout [UInt8]) {
  switch byte {
  case UInt8(ascii: "\""): json += #"\""#.utf8
  case UInt8(ascii: "\\"): json += #"\\"#.utf8
  case 0x08: json += #"\b"#.utf8
  case 0x0C: json += #"\f"#.utf8
  case 0x0A: json += #"\n"#.utf8
  case 0x0D: json += #"\r"#.utf8
  case 0x09: json += #"\t"#.utf8
  case ..<0x20:
    let digits = String(byte, radix: 16)
    json += (#"\u00"# + (digits.count == 1 ? "0" : "") + digits).utf8
  default: json.append(byte)
  }
}

/// The kind of a file whose first 8 bytes cannot be the length of a header, and a remedy; `nil` where
/// it is not recognised.
func foreignFormat(_ file: RawSpan) -> String? {
  let beginning = unsafe file.extracting(first: foreignBeginningByteCount).withUnsafeBytes {
    unsafe Array($0)
  }
  return formats.first { beginning.starts(with: $0.beginning) }?.what
}

/// The number of bytes that tell the formats apart.
let foreignBeginningByteCount = 32

private let formats: [(beginning: [UInt8], what: String)] =
  [
    ("version https://git-lfs", "is a pointer of Git LFS, not the file itself; git lfs pull"),
    ("PK\u{3}\u{4}", "is a zip file, as PyTorch saves .pt and .ckpt; convert it to safetensors"),
    (
      "GGUF",
      "is a GGUF file, which is read as a checkpoint alone: by inspect, verify, diff, --base and merge --into"
    ),
  ].map { (Array($0.utf8), $1) }
  // Two bytes each: one byte alone is what every 256th file of noise begins with.
  + ["<!", "<?", "<h", "<H"].map {
    (Array($0.utf8), "is a web page; did the download need a login?")
  }
  + ["{\"", "{}", "{ ", "{\n", "{\r", "{\t"].map {
    (Array($0.utf8), "is JSON, not safetensors; name the file that it tells of")
  }
  + (2...5).map {
    ([0x80, $0], "is a Python pickle, as PyTorch saves it; convert it to safetensors")
  }
  + [
    ([0x93] + Array("NUMPY".utf8), "is an array of NumPy; save it as safetensors"),
    ([0x1F, 0x8B], "is compressed by gzip; gunzip it first"),
  ]
