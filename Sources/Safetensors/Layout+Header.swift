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
