extension Scanner {
  /// Reads the value that stands next.
  mutating func takeValue(depth: Int = 0) throws(TOMLError.Reason) -> TOMLValue {
    guard depth < Self.depthLimit else { throw .tooDeep(limit: Self.depthLimit) }
    if let string = try takeString() { return .string(string) }
    if take("[") { return try array(depth: depth) }
    if take("{") { return try inlineTable(depth: depth) }
    let found = nextDescription
    let word = take(while: Self.isWord)
    guard !word.isEmpty else { throw .expected("a value", found: found) }
    return try Self.scalar(word)
  }

  /// Reads `a`, `"a"` or `a.b."c d"`.
  mutating func takeKey() throws(TOMLError.Reason) -> [String] {
    var path: [String] = []
    repeat {
      skipSpaces()
      guard !stands("\"\"\""), !stands("'''") else {
        throw .expected("a key", found: nextDescription)
      }
      if let quoted = try takeString() {
        path.append(quoted)
      } else {
        let found = nextDescription
        let bare = take(while: Self.isBareKey)
        guard !bare.isEmpty else { throw .expected("a key", found: found) }
        path.append(bare)
      }
      skipSpaces()
      // Each dot is a table within a table.
      guard path.count <= Self.depthLimit else { throw .tooDeep(limit: Self.depthLimit) }
    } while take(".")
    return path
  }

  /// Reads `key = value`.
  mutating func takePair(depth: Int = 0) throws(TOMLError.Reason) -> ([String], TOMLValue) {
    let key = try takeKey()
    try expect("=", for: "'=' after '\(key.joined(separator: "."))'")
    skipSpaces()
    return (key, try takeValue(depth: depth + key.count - 1))
  }

  private mutating func array(depth: Int) throws(TOMLError.Reason) -> TOMLValue {
    var elements: [TOMLValue] = []
    while true {
      try skipBlank()
      if take("]") { return .array(elements) }
      elements.append(try takeValue(depth: depth + 1))
      try skipBlank()
      if take("]") { return .array(elements) }
      try expect(",", for: "',' or ']'")
    }
  }

  private mutating func inlineTable(depth: Int) throws(TOMLError.Reason) -> TOMLValue {
    var table = TOMLTable(origin: .inline)
    skipSpaces()
    if take("}") { return .table(table) }
    repeat {
      let line = line
      let (key, value) = try takePair(depth: depth + 1)
      try table.insert(value, at: key[...], line: line)
      skipSpaces()
    } while take(",")
    try expect("}", for: "',' or '}'")
    return .table(table)
  }

  /// A number, `true` or `false`.
  private static func scalar(_ word: String) throws(TOMLError.Reason) -> TOMLValue {
    switch word {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    case "inf", "+inf": return .float(.infinity)
    case "-inf": return .float(-.infinity)
    case "nan", "+nan", "-nan": return .float(.nan)
    default: break
    }
    if let value = integer(word) { return .integer(value) }
    if isFloat(word), let value = Double(word.filter { $0 != "_" }) { return .float(value) }
    let digits = word.prefix { $0.isASCII && $0.isNumber }.count
    if (digits == 4 && word.dropFirst(4).first == "-")
      || (digits == 2 && word.dropFirst(2).first == ":")
    {
      throw .date(word)
    }
    throw .notAValue(word)
  }

  private static func integer(_ word: String) -> Int? {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
      let digits = word.dropFirst(2)
      return isGrouped(digits, by: \.isHexDigit)
        ? Int(digits.filter { $0 != "_" }, radix: radix) : nil
    }
    return isDecimal(word[...]) ? Int(word.filter { $0 != "_" }) : nil
  }

  /// Whether a word is a sign and digits without a leading zero.
  private static func isDecimal(_ word: Substring) -> Bool {
    let digits = word.hasPrefix("+") || word.hasPrefix("-") ? word.dropFirst() : word
    return isGrouped(digits, by: isDigit) && (digits.count == 1 || !digits.hasPrefix("0"))
  }

  private static func isFloat(_ word: String) -> Bool {
    let parts = word.split(maxSplits: 1, omittingEmptySubsequences: false) {
      $0 == "e" || $0 == "E"
    }
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    guard mantissa.count <= 2, isDecimal(mantissa[0]), mantissa.count + parts.count > 2 else {
      return false
    }
    if mantissa.count == 2, !isGrouped(mantissa[1], by: isDigit) { return false }
    guard parts.count == 2 else { return true }
    let exponent =
      parts[1].hasPrefix("+") || parts[1].hasPrefix("-")
      ? parts[1].dropFirst() : parts[1]
    return isGrouped(exponent, by: isDigit)
  }

  /// Whether a text is digits with single `_` between some of them.
  private static func isGrouped(_ text: Substring, by isDigit: (Character) -> Bool) -> Bool {
    !text.isEmpty
      && text.split(separator: "_", omittingEmptySubsequences: false)
        .allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
  }

  private static func isDigit(_ character: Character) -> Bool {
    character >= "0" && character <= "9"
  }

  private static func isBareKey(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isBareKey(byte) || [UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: ":")].contains(byte)
  }
}
