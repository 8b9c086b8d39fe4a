/// A string from a file, a name or a command line as one line that a terminal can show: what would
/// move the cursor or turn the direction of writing is `\u{…}`, a byte of a name that is no UTF-8
/// is `\x…`.
package func escaped(_ string: String) -> String { escaped(string) { _ in false } }

/// The same, over as many lines as there are.
package func escapedLines(_ string: String) -> String { escaped(string) { $0 == "\n" } }

private func escaped(_ string: String, keeping isKept: (Unicode.Scalar) -> Bool) -> String {
  if string.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) { return string }
  var result = ""
  for scalar in string.unicodeScalars {
    if !isKept(scalar), let escape = escape(of: scalar) {
      result += escape
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// How a scalar that cannot be shown is written; `nil` for all others.
private func escape(of scalar: Unicode.Scalar) -> String? {
  if isForeignByte(scalar) {
    return "\\x\(String(scalar.value & 0xFF, radix: 16))"
  }
  return isUnshowable(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : nil
}

/// Whether a scalar stands for a byte of a name that is no UTF-8, as U+10FF00 + byte.
private func isForeignByte(_ scalar: Unicode.Scalar) -> Bool {
  0x10FF80...0x10FFFF ~= scalar.value
}

/// Whether a scalar would move the cursor, would turn the direction of writing, or is no letter but
/// a byte.
package func isUnshowable(_ scalar: Unicode.Scalar) -> Bool {
  if isForeignByte(scalar) { return true }
  return switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator: true
  default: false
  }
}
