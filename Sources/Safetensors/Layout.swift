package import Tensors

/// Where the tensors of a file to be written lie, and the bytes of its header.
///
/// Tensors are sorted as the reference implementation sorts them: by element type, the last of
/// `ElementType`'s cases first, then by the bytes of their names.
package struct Layout: Sendable {
  package struct Tensor: Hashable, Sendable {
    package let name: TensorName
    package let type: ElementType
    package let shape: Shape

    package init(name: String, type: ElementType, shape: Shape) {
      self.name = TensorName(name)
      self.type = type
      self.shape = shape
    }

    /// As given; an own tensor of impossible size is a bug.
    package var byteCount: Int {
      guard let count = shape.byteCount(of: type) else {
        preconditionFailure("tensor '\(name)' of shape \(shape) does not fill whole bytes")
      }
      return count
    }
  }

  /// In file order.
  package let tensors: [Tensor]

  /// Where each of `tensors` begins, in bytes from the end of the header.
  package let offsets: [Int]

  package let dataByteCount: Int
  private let indices: [TensorName: Int]

  /// The layout of the reference writer.
  package init(_ tensors: [Tensor]) {
    let order = Dictionary(
      uniqueKeysWithValues: ElementType.allCases.enumerated().map { ($1, $0) })
    self.init(
      inOrder: tensors.sorted { a, b in
        let (first, second) = (order[a.type] ?? 0, order[b.type] ?? 0)
        return first == second ? a.name < b.name : first > second
      })
  }

  /// The layout that a file has, for one that keeps its tensors where they are.
  package init(keeping header: Header) {
    self.init(
      inOrder: header.entries.map {
        Tensor(name: $0.name.string, type: $0.type, shape: $0.shape)
      })
  }

  private init(inOrder tensors: [Tensor]) {
    self.tensors = tensors
    var offsets: [Int] = []
    var end = 0
    for tensor in self.tensors {
      offsets.append(end)
      end += tensor.byteCount
    }
    self.offsets = offsets
    dataByteCount = end
    indices = Dictionary(
      uniqueKeysWithValues: self.tensors.enumerated().map { ($1.name, $0) })
  }

  /// Where a tensor's data begin, in bytes from the end of the header.
  package func offset(of name: String) -> Int {
    guard let index = indices[TensorName(name)] else {
      preconditionFailure("no tensor '\(name)' in the layout")
    }
    return offsets[index]
  }
}

extension Layout {
  /// The length and the JSON, padded with spaces so that the data begin at a multiple of 8.
  ///
  /// - Parameter byteCount: The least length of the whole; more is filled with spaces.
  package func header(metadata: Metadata, byteCount: Int = 0) -> [UInt8] {
    var json: [UInt8] = [UInt8(ascii: "{")]
    if !metadata.isEmpty {
      json += Array(#""__metadata__":{"#.utf8)
      for (index, entry) in metadata.entries.enumerated() {
        if index > 0 { json.append(UInt8(ascii: ",")) }
        appendJSONString(entry.key, to: &json)
        json.append(UInt8(ascii: ":"))
        appendJSONString(entry.value, to: &json)
      }
      json.append(UInt8(ascii: "}"))
    }
    for (tensor, offset) in zip(tensors, offsets) {
      if json.count > 1 { json.append(UInt8(ascii: ",")) }
      appendJSONString(tensor.name.string, to: &json)
      let shape = tensor.shape.extents.map(String.init).joined(separator: ",")
      let end = offset + tensor.byteCount
      json += Array(
        #":{"dtype":"\#(tensor.type.rawValue)","shape":[\#(shape)],"data_offsets":[\#(offset),\#(end)]}"#
          .utf8)
    }
    json.append(UInt8(ascii: "}"))
    let padded = max((json.count + 7) / 8 * 8, byteCount - 8)
    json += Array(repeating: UInt8(ascii: " "), count: padded - json.count)
    return unsafe withUnsafeBytes(of: UInt64(json.count).littleEndian) { unsafe Array($0) } + json
  }
}

/// Appends a string as serde_json spells it: only what must be escaped is.
private func appendJSONString(_ string: String, to json: inout [UInt8]) {
  json.append(UInt8(ascii: "\""))
  for byte in string.utf8 {
    switch byte {
    case UInt8(ascii: "\""): json += Array(#"\""#.utf8)
    case UInt8(ascii: "\\"): json += Array(#"\\"#.utf8)
    case 0x08: json += Array(#"\b"#.utf8)
    case 0x0C: json += Array(#"\f"#.utf8)
    case 0x0A: json += Array(#"\n"#.utf8)
    case 0x0D: json += Array(#"\r"#.utf8)
    case 0x09: json += Array(#"\t"#.utf8)
    case ..<0x20:
      let digits = String(byte, radix: 16)
      json += Array((#"\u00"# + (digits.count == 1 ? "0" : "") + digits).utf8)
    default: json.append(byte)
    }
  }
  json.append(UInt8(ascii: "\""))
}
