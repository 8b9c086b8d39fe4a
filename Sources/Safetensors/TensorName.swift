/// A tensor's name, equal to another only where every byte is.
///
/// Swift's `String` compares by canonical equivalence: to it `é` in one code point and in two are
/// the same. To safetensors they are two tensors.
package struct TensorName: Hashable, Sendable {
  package let string: String

  package init(_ string: String) { self.string = string }

  package static func == (a: TensorName, b: TensorName) -> Bool {
    a.string.utf8.count == b.string.utf8.count && a.string.utf8.elementsEqual(b.string.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var copy = string
    copy.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension TensorName: Comparable {
  package static func < (a: TensorName, b: TensorName) -> Bool {
    a.string.utf8.lexicographicallyPrecedes(b.string.utf8)
  }
}

extension TensorName: CustomStringConvertible {
  /// The name as one line of bounded length, fit for a terminal.
  package var description: String { printable(string) }
}

/// A string from a file as one line fit for a terminal: what would move the cursor or turn the
/// direction of writing is escaped, the middle of a very long one left out.
package func printable(_ string: String) -> String {
  let scalars = string.unicodeScalars.map { scalar in
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      "\\u{\(String(scalar.value, radix: 16))}"
    default: String(scalar)
    }
  }
  if scalars.count <= 200 { return scalars.joined() }
  return "\(scalars.prefix(120).joined())…\(scalars.suffix(60).joined())"
}
