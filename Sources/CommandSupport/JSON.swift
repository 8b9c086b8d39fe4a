import Files
package import JSON

/// Encodes a report: keys sorted, the same on every run.
///
/// Controls and marks of direction come out as `\uXXXX`, so that a terminal can show what a stranger
/// has named.
package func json(_ value: some Encodable, _ layout: JSONLayout = .pretty) throws -> String {
  showable(try jsonText(value, layout))
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
