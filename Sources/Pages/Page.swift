import CommandSupport
package import Files

/// A page that needs nothing from the network and can be read without scripts.
package func page(title: String, _ body: HTML, footer: HTML) -> HTML {
  """
  <!doctype html>
  <html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="Content-Security-Policy" \
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
  img-src data:">
  <title>\(title)</title>
  <style>\(HTML(stringLiteral: style))</style>
  <main>
  \(body)
  <footer>\(footer)</footer>
  </main>
  <script>\(HTML(stringLiteral: script))</script>
  </html>

  """
}

/// The facts at the top of a page: names and values.
package func factList(_ facts: [(name: String, value: String)]) -> HTML {
  let items = facts.map { fact -> HTML in
    "<div><dt>\(fact.name)</dt><dd>\(fact.value)</dd></div>\n"
  }
  return "<dl class=\"facts\">\(items)</dl>"
}

/// Writes a page to a file.
package func write(_ page: HTML, to path: String) throws(FileError) {
  try OutputFile(path: path).commit(page.text)
}

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
