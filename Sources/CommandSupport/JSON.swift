import Files
import FoundationEssentials

/// The layout of JSON.
package enum JSONLayout: Sendable {
  /// One line per element: for reports.
  case pretty

  /// One line: for logs.
  case compact
}

/// Encodes a report: keys sorted, the same on every run.
///
/// NaN and the infinities, which JSON cannot spell, come out as strings; controls and marks of
/// direction as `\uXXXX`, so that a terminal can show what a stranger has named.
package func json(_ value: some Encodable, _ layout: JSONLayout = .pretty) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  if layout == .pretty { encoder.outputFormatting.insert(.prettyPrinted) }
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
  return showable(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// JSON with what cannot be shown, which stands inside strings alone, as `\uXXXX`.
private func showable(_ json: String) -> String {
  if json.utf8.allSatisfy({ 0x20...0x7E ~= $0 || $0 == 0x0A }) { return json }
  var result = ""
  for scalar in json.unicodeScalars {
    if scalar != "\n" && isUnshowable(scalar) {
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        result += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)"
      }
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}
