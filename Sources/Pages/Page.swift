package import Files

/// A page that needs nothing from the network and can be read without scripts.
package func page(title: String, _ body: HTML, footer: HTML) -> HTML {
  """
  <!doctype html>
  <html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="Content-Security-Policy" \
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
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
