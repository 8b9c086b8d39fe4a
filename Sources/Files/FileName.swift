import Glibc

// A name of a file is bytes, mostly UTF-8. In a `String` a byte that is none stands as one of the
// last scalars of Unicode, 0x10FF00 above it; those scalars themselves, byte by byte. So each name
// has a string of its own, and leads back to its bytes.

private let foreignBytes: ClosedRange<UInt32> = 0x10_FF80...0x10_FFFF
private let foreignOffset: UInt32 = 0x10_FF00

/// The string that stands for a name of the system's.
func name(_ bytes: some Collection<UInt8>) -> String {
  let bytes = Array(bytes)
  if let text = String(validating: bytes, as: UTF8.self),
    !text.unicodeScalars.contains(where: isForeign)
  {
    return text
  }
  var scalars = String.UnicodeScalarView()
  var rest = bytes[...]
  while let byte = rest.first {
    let scalar = (1...4).lazy.compactMap { soleScalar(rest.prefix($0)) }.first
    if let scalar, !isForeign(scalar) {
      scalars.append(scalar)
      rest = rest.dropFirst(UTF8.width(scalar))
    } else {
      if let scalar = Unicode.Scalar(foreignOffset + UInt32(byte)) { scalars.append(scalar) }
      rest = rest.dropFirst()
    }
  }
  return String(scalars)
}

/// The string that stands for a name of the system's, which ends in a zero byte.
func name(_ pointer: UnsafePointer<CChar>) -> String {
  unsafe name(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
}

private func soleScalar(_ bytes: some Collection<UInt8>) -> Unicode.Scalar? {
  guard let scalars = String(validating: bytes, as: UTF8.self)?.unicodeScalars,
    scalars.count == 1
  else { return nil }
  return scalars.first
}

/// Whether a scalar stands for a byte of a name that is not UTF-8.
private func isForeign(_ scalar: Unicode.Scalar) -> Bool { foreignBytes.contains(scalar.value) }

extension String {
  /// The bytes that the string stands for as a name of the system's, and a zero.
  ///
  /// A string with a zero in it is no name, and gives the empty one, which no file has.
  var systemName: [CChar] {
    var bytes: [CChar] = []
    bytes.reserveCapacity(utf8.count + 1)
    for scalar in unicodeScalars {
      if scalar.value == 0 { return [0] }
      if isForeign(scalar) {
        bytes.append(CChar(truncatingIfNeeded: scalar.value - foreignOffset))
      } else {
        bytes += UTF8.encode(scalar).map { $0.map { CChar(bitPattern: $0) } } ?? []
      }
    }
    return bytes + [0]
  }
}

/// The value of a variable of the environment, which may be a name that is not UTF-8; nil where it is
/// not set.
package func environment(_ variable: String) -> String? {
  unsafe getenv(variable).map { unsafe name($0) }
}

/// The program's arguments, its own name first; they may be names of files that are not UTF-8.
package func commandLineArguments() -> [String] {
  (0..<Int(CommandLine.argc)).compactMap { index in
    unsafe CommandLine.unsafeArgv[index].map { unsafe name($0) }
  }
}

/// A string from a file, a name or a command line as one line that a terminal can show: what would
/// move the cursor or turn the direction of writing is `\u{…}`, a byte of a name that is no UTF-8
/// is `\x…`.
package func escaped(_ string: String) -> String { escaped(string, keepingLines: false) }

/// The same, over as many lines as there are.
package func escapedLines(_ string: String) -> String { escaped(string, keepingLines: true) }

private func escaped(_ string: String, keepingLines: Bool) -> String {
  func isPlain(_ value: UInt32) -> Bool {
    0x20...0x7E ~= value || (keepingLines && value == 0x0A)
  }
  if string.utf8.allSatisfy({ isPlain(UInt32($0)) }) { return string }
  var result = ""
  for scalar in string.unicodeScalars {
    if !isPlain(scalar.value), let escape = escape(of: scalar) {
      result += escape
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// How a scalar that cannot be shown is written; `nil` for all others.
private func escape(of scalar: Unicode.Scalar) -> String? {
  if isForeign(scalar) { return "\\x\(String(scalar.value & 0xFF, radix: 16))" }
  return isUnshowable(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : nil
}

/// Whether a scalar would move the cursor, would turn the direction of writing, or is no letter but
/// a byte.
package func isUnshowable(_ scalar: Unicode.Scalar) -> Bool {
  if isForeign(scalar) { return true }
  return switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator: true
  default: false
  }
}
