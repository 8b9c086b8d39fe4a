import Files
package import JSON

/// A number to `digits` significant digits: later ones differ between processors.
package func significant(_ value: Double, digits: Int = 4) -> String {
  guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-inf" : "inf" }
  if value == 0 { return "0" }
  let exponent = decimalExponent(of: abs(value))
  if exponent < -3 || exponent >= 6 { return scientific(value, exponent, digits) }
  return decimal(value, places: max(0, digits - 1 - exponent))
}

/// A number with a fixed count of decimal places.
package func decimal(_ value: Double, places: Int) -> String {
  let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
  let rounded = (abs(value) * scale).rounded()
  let whole = Int(rounded / scale)
  let sign = value < 0 && rounded > 0 ? "-" : ""
  if places == 0 { return "\(sign)\(whole)" }
  let fraction = String(Int(rounded - Double(whole) * scale))
  return "\(sign)\(whole).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
}

/// A share as per cent.
package func percent(_ share: Double) -> String {
  share.isFinite ? "\(decimal(share * 100, places: share >= 0.9995 || share < 0.1 ? 2 : 1)) %" : "–"
}

/// A count of bytes in the unit that reads best.
package func bytes(_ count: Int) -> String {
  let units = ["bytes", "kB", "MB", "GB", "TB"]
  var value = Double(count)
  var unit = 0
  while value >= 999.5 && unit < units.count - 1 {
    value /= 1000
    unit += 1
  }
  return unit == 0 ? "\(count) bytes" : "\(significant(value, digits: 3)) \(units[unit])"
}

/// A count with its noun, which gets an s unless there is one.
package func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
  "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}

private func scientific(_ value: Double, _ exponent: Int, _ digits: Int) -> String {
  let power = (0..<abs(exponent)).reduce(1.0) { power, _ in power * 10 }
  let mantissa = exponent < 0 ? value * power : value / power
  let text = decimal(mantissa, places: digits - 1)
  let carried = text.hasPrefix("10.") || text.hasPrefix("-10.")
  let shown = carried ? decimal(mantissa / 10, places: digits - 1) : text
  return "\(shown)e\(carried ? exponent + 1 : exponent)"
}

/// The largest power of ten that a positive number reaches.
private func decimalExponent(of value: Double) -> Int {
  var exponent = 0
  var rest = value
  while rest >= 10 {
    rest /= 10
    exponent += 1
  }
  while rest < 1 {
    rest *= 10
    exponent -= 1
  }
  return exponent
}

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
