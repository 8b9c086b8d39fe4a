import TOML
import Testing

@Suite struct TOMLTableTests {
  /// Values as written, and what they mean.
  static let values: [(text: String, value: TOMLValue)] = [
    ("1", .integer(1)), ("-17", .integer(-17)), ("+0", .integer(0)), ("1_000", .integer(1000)),
    ("0xFF", .integer(255)), ("0o17", .integer(15)), ("0b101", .integer(5)),
    ("0.5", .float(0.5)), ("1e-4", .float(1e-4)), ("-2.5E+3", .float(-2500)),
    ("1_0.5", .float(10.5)),
    ("inf", .float(.infinity)), ("true", .boolean(true)), ("false", .boolean(false)),
    (#""a\tb\u00E9\U0001F600\"""#, .string("a\tbé😀\"")), (#"'C:\n'"#, .string(#"C:\n"#)),
    ("\"\"\"\nx\ny\"\"\"", .string("x\ny")), ("\"\"\"a \\\n   b\"\"\"", .string("a b")),
    ("\"\"\"\"q\"\"\"\"", .string("\"q\"")), ("'''it's'''", .string("it's")), ("\"\"", .string("")),
    ("[]", .array([])),
    ("[1, \"a\", [2.0],]", .array([.integer(1), .string("a"), .array([.float(2)])])),
    ("[ # why\n 1,\n 2 ]", .array([.integer(1), .integer(2)])),
    ("\"スライダー\"", .string("スライダー")),
  ]

  @Test(arguments: values)
  func valueIsRead(_ example: (text: String, value: TOMLValue)) throws {
    #expect(try Self.table("a = \(example.text) # end\n")["a"] == example.value)
  }

  /// Texts that are not TOML, the line they are refused at, and why.
  static let refused: [(text: String, line: Int, reason: TOMLError.Reason)] = [
    ("a = 1\na = 2", 2, .duplicateKey("a")),
    ("a = 1\n\n[a]", 3, .duplicateKey("a")),
    ("[a]\nb = 1\n[a]", 3, .duplicateKey("a")),
    ("a = 1\na.b = 2", 2, .notATable("a")),
    ("[a]\n[b]\nx = 1\n[a.c]\n[[a]]", 5, .duplicateKey("a")),
    ("a = {b = 1}\n[a.c]", 2, .closedTable("a")),
    ("[a.b]\nc = 1\n[a]\nb.d = 2", 4, .closedTable("b")),
    ("a = ", 1, .expected("a value", found: "the end of the file")),
    ("a 1", 1, .expected("'=' after 'a'", found: "'1'")),
    ("= 1", 1, .expected("a key", found: "'='")),
    ("a = 1 b = 2", 1, .expected("the end of the line", found: "'b'")),
    ("a = 0,001", 1, .comma),
    ("a = [1 2]", 1, .expected("',' or ']'", found: "'2]'")),
    ("a = girl", 1, .notAValue("girl")),
    ("a = 01", 1, .notAValue("01")), ("a = 1.", 1, .notAValue("1.")),
    ("a = .5", 1, .notAValue(".5")),
    ("a = 1__0", 1, .notAValue("1__0")), ("a = 0x", 1, .notAValue("0x")),
    ("a = 99999999999999999999", 1, .notAValue("99999999999999999999")),
    ("a = 2026-11-22", 1, .date("2026-11-22")), ("a = 15:04:05", 1, .date("15:04:05")),
    ("a = \"x", 1, .unterminatedString), ("a = \"\\q\"", 1, .unknownEscape("q")),
    ("a = \"\\uD800\"", 1, .unknownEscape("uD800")), ("a = \"\u{1}\"", 1, .controlCharacter(1)),
    ("a = " + String(repeating: "[", count: 100), 1, .tooDeep(limit: 64)),
  ]

  @Test(arguments: refused)
  func isRefused(_ example: (text: String, line: Int, reason: TOMLError.Reason)) {
    let error = #expect(throws: TOMLError.self) { try Self.table(example.text) }
    #expect(error?.reason == example.reason)
    #expect(error?.line == example.line)
    #expect(error?.file == "x.toml")
  }

  @Test func invalidUTF8IsRefused() {
    #expect(throws: TOMLError.self) {
      try TOMLTable([0x61, 0x3D, 0x22, 0xFF, 0x22], file: "x.toml")
    }
  }

  @Test func tablesKeepTheirOrderAndLines() throws {
    let table = try Self.table(
      "z = 1\n[general]\na.b = 2\n\n[[datasets]]\nr = 1\n[[datasets.subsets]]\nd = \"x\"\n[[datasets]]\n"
    )
    #expect(table.entries.map(\.key) == ["z", "general", "datasets"])
    #expect(table.entries.map(\.line) == [1, 2, 5])
    guard case .array(let datasets)? = table["datasets"], case .table(let first) = datasets[0],
      case .array(let subsets)? = first["subsets"], case .table(let subset) = subsets[0]
    else { throw Unexpected() }
    #expect(datasets.count == 2)
    #expect(first["r"] == .integer(1))
    #expect(subset["d"] == .string("x"))
    guard case .table(let general)? = table["general"], case .table(let a)? = general["a"] else {
      throw Unexpected()
    }
    #expect(a["b"] == .integer(2))
  }

  @Test func byteOrderMarkAndCarriageReturnsArePassed() throws {
    let table = try TOMLTable(Array("\u{FEFF}a = 1\r\n\r\nb = 2\r\n".utf8), file: "x.toml")
    #expect(table.entries.map(\.key) == ["a", "b"])
  }

  /// Any prefix of a legal text is read or refused, never a trap.
  @Test func prefixesAreHarmless() {
    let text = Array("a = [1, {b.c = \"x\\u00e9\", d = '''y'''}]\n[[t.u]]\nv = -1_0.5e+3\r\n".utf8)
    for count in 0..<text.count { _ = try? TOMLTable(Array(text.prefix(count)), file: "x.toml") }
  }

  private struct Unexpected: Error {}

  private static func table(_ text: String) throws -> TOMLTable {
    try TOMLTable(Array(text.utf8), file: "x.toml")
  }

  /// A table within a table for each dot, or a list for each bracket: 64 are enough for anybody, and
  /// a hundred thousand would be more than the stack holds.
  @Test(arguments: [65, 100_000])
  func depthHasALimit(_ depth: Int) throws {
    let dots = [String](repeating: "a", count: depth).joined(separator: ".")
    let texts = [
      "\(dots) = 1", "[\(dots)]", "[[\(dots)]]",
      "a = " + String(repeating: "[", count: depth),
      "a = " + String(repeating: "{a = ", count: depth),
      "a.b.c = {" + [String](repeating: "d", count: 63).joined(separator: ".") + " = 1}",
    ]
    for text in texts {
      let error = #expect(throws: TOMLError.self) { try TOMLTable(Array(text.utf8), file: "f") }
      #expect(error?.reason == .tooDeep(limit: 64), "\(text.prefix(20))")
    }
    let right = [String](repeating: "a", count: 64).joined(separator: ".")
    #expect(try TOMLTable(Array("\(right) = 1".utf8), file: "f").entries.count == 1)
  }
}
