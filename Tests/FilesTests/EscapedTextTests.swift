import Files
import Testing

@Suite struct EscapedTextTests {
  @Test(arguments: [
    ("plain, é, 頭, 😀", "plain, é, 頭, 😀"), ("a\u{1B}[31m", #"a\u{1b}[31m"#),
    ("a\nb\r\nc\td", #"a\u{a}b\u{d}\u{a}c\u{9}d"#),
    ("\u{9B}\u{7F}\u{202E}", #"\u{9b}\u{7f}\u{202e}"#),
    ("\u{2066}\u{2028}\u{200B}", #"\u{2066}\u{2028}\u{200b}"#),
    // Bytes of names that are no UTF-8.
    ("b\u{10FFFF}\u{10FFFE}.st", #"b\xff\xfe.st"#), ("\u{10FF80}", #"\x80"#), ("", ""),
  ])
  func whatCannotBeShownIsEscaped(_ text: String, _ expected: String) {
    #expect(escaped(text) == expected)
  }

  @Test func linesAreKept() {
    #expect(escapedLines("a\nb\r\n\u{1B}c\n") == "a\nb\\u{d}\n\\u{1b}c\n")
  }
}
