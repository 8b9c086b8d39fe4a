extension TOMLTable {
  /// Reads a text.
  ///
  /// - Parameter file: The text's name in messages.
  package init(_ text: [UInt8], file: String) throws(TOMLError) {
    let bytes = text.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(text.dropFirst(3)) : text
    guard String(validating: bytes, as: UTF8.self) != nil else {
      let line = 1 + bytes.count { $0 == UInt8(ascii: "\n") }
      throw TOMLError(file: file, line: line, reason: .notUTF8)
    }
    self.init(origin: .header)
    var scanner = Scanner(bytes)
    do throws(TOMLError.Reason) {
      try read(from: &scanner)
    } catch {
      throw TOMLError(file: file, line: scanner.line, reason: error)
    }
  }

  private mutating func read(from scanner: inout Scanner) throws(TOMLError.Reason) {
    var header: [String] = []
    try scanner.skipBlank()
    while scanner.next != nil {
      let line = scanner.line
      if scanner.take("[") {
        let isElement = scanner.take("[")
        header = try scanner.takeKey()
        try scanner.expect(isElement ? "]]" : "]", for: isElement ? "']]'" : "']'")
        try open(header[...], isElement: isElement, line: line)
      } else {
        let (key, value) = try scanner.takePair()
        try insert(value, at: key, under: header[...], line: line)
      }
      try scanner.endLine()
      try scanner.skipBlank()
    }
  }
}
