import CommandSupport

/// Markup in which every interpolated string is escaped, so that nothing a file says can become
/// part of the page's structure; only another `HTML` goes in as it is.
package struct HTML: ExpressibleByStringInterpolation {
  package private(set) var text: String

  package init(stringLiteral text: String) { self.text = text }

  package init(stringInterpolation interpolation: Interpolation) { text = interpolation.text }

  package struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + 16 * interpolationCount)
    }

    package mutating func appendLiteral(_ literal: String) { text += literal }
    package mutating func appendInterpolation(_ string: String) { text += escaped(string) }
    package mutating func appendInterpolation(_ number: Int) { text += String(number) }
    package mutating func appendInterpolation(_ markup: HTML) { text += markup.text }
    package mutating func appendInterpolation(_ markups: [HTML]) {
      for markup in markups { text += markup.text }
    }

    /// A coordinate, to a tenth of a pixel.
    package mutating func appendInterpolation(_ coordinate: Double) {
      text += decimal(coordinate, places: 1)
    }
  }
}

/// The characters that mean something in markup or in an attribute, spelled out.
private func escaped(_ string: String) -> String {
  var escaped = ""
  for character in string.unicodeScalars {
    switch character {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "\"": escaped += "&quot;"
    case "'": escaped += "&#39;"
    default: escaped.unicodeScalars.append(character)
    }
  }
  return escaped
}
