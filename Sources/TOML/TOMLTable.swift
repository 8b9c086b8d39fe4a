/// The value of a key.
package enum TOMLValue: Hashable, Sendable {
  case string(String)
  case integer(Int)
  case float(Double)
  case boolean(Bool)
  case array([TOMLValue])
  case table(TOMLTable)
}

/// Keys and their values, in the order of the file.
package struct TOMLTable: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package let key: String
    package var value: TOMLValue

    /// Its line in the file, counted from 1.
    package let line: Int
  }

  /// The way in which a table was defined; it decides what may be added later.
  enum Origin: Hashable, Sendable {
    /// Defined by `[a]` or `[[a]]`.
    case header
    /// Implied, as the `a` of `[a.b]`.
    case implied
    /// Implied, as the `a` of `a.b = 1`.
    case dotted
    /// Defined by `{…}`, and complete.
    case inline
  }

  package internal(set) var entries: [Entry] = []
  var origin: Origin

  init(origin: Origin) { self.origin = origin }

  /// A table that no file holds: all its entries are of line 1.
  package init(_ entries: [(key: String, value: TOMLValue)]) {
    origin = .inline
    self.entries = entries.map { Entry(key: $0.key, value: $0.value, line: 1) }
  }

  package subscript(key: String) -> TOMLValue? {
    entries.first { $0.key == key }?.value
  }

  /// Sets what `a.b.c = …` asks for, inside this table.
  mutating func insert(
    _ value: TOMLValue, at path: ArraySlice<String>, line: Int
  ) throws(TOMLError.Reason) {
    guard let key = path.first else { return }
    let index = entries.firstIndex { $0.key == key }
    if path.count == 1 {
      guard index == nil else { throw .duplicateKey(key) }
      entries.append(Entry(key: key, value: value, line: line))
      return
    }
    var table = TOMLTable(origin: .dotted)
    if let index {
      guard case .table(let found) = entries[index].value else { throw .notATable(key) }
      guard found.origin == .dotted else { throw .closedTable(key) }
      table = found
    }
    try table.insert(value, at: path.dropFirst(), line: line)
    put(table, under: key, at: index, line: line)
  }

  /// Makes the table that a line `[a.b]` or, with `isElement`, `[[a.b]]` begins.
  mutating func open(
    _ path: ArraySlice<String>, isElement: Bool, line: Int
  ) throws(TOMLError.Reason) {
    guard let key = path.first else { return }
    let index = entries.firstIndex { $0.key == key }
    if path.count == 1 {
      try isElement ? append(to: key, at: index, line: line) : begin(key, at: index, line: line)
      return
    }
    guard let index else {
      var table = TOMLTable(origin: .implied)
      try table.open(path.dropFirst(), isElement: isElement, line: line)
      return put(table, under: key, at: nil, line: line)
    }
    try entries[index].value.update(key) { table throws(TOMLError.Reason) in
      try table.open(path.dropFirst(), isElement: isElement, line: line)
    }
  }

  /// Sets a value in the table that the last header began.
  mutating func insert(
    _ value: TOMLValue, at path: [String], under header: ArraySlice<String>, line: Int
  ) throws(TOMLError.Reason) {
    guard let key = header.first, let index = entries.firstIndex(where: { $0.key == key }) else {
      return try insert(value, at: path[...], line: line)
    }
    try entries[index].value.update(key) { table throws(TOMLError.Reason) in
      try table.insert(value, at: path, under: header.dropFirst(), line: line)
    }
  }

  private mutating func begin(
    _ key: String, at index: Int?, line: Int
  ) throws(TOMLError.Reason) {
    guard let index else {
      return put(TOMLTable(origin: .header), under: key, at: nil, line: line)
    }
    guard case .table(var table) = entries[index].value, table.origin == .implied else {
      throw .duplicateKey(key)
    }
    table.origin = .header
    entries[index].value = .table(table)
  }

  private mutating func append(
    to key: String, at index: Int?, line: Int
  ) throws(TOMLError.Reason) {
    let element = TOMLValue.table(TOMLTable(origin: .header))
    guard let index else {
      entries.append(Entry(key: key, value: .array([element]), line: line))
      return
    }
    guard case .array(let elements) = entries[index].value,
      case .table(let last)? = elements.last, last.origin == .header
    else { throw .duplicateKey(key) }
    entries[index].value = .array(elements + [element])
  }

  private mutating func put(_ table: TOMLTable, under key: String, at index: Int?, line: Int) {
    if let index {
      entries[index].value = .table(table)
    } else {
      entries.append(Entry(key: key, value: .table(table), line: line))
    }
  }
}

extension TOMLValue {
  /// Changes the table that this is, or the last one of a list that `[[…]]` lines make.
  fileprivate mutating func update(
    _ key: String, _ change: (inout TOMLTable) throws(TOMLError.Reason) -> Void
  ) throws(TOMLError.Reason) {
    switch self {
    case .table(var table):
      guard table.origin != .inline else { throw .closedTable(key) }
      try change(&table)
      self = .table(table)
    case .array(var elements):
      guard case .table(var table)? = elements.popLast(), table.origin == .header else {
        throw .notATable(key)
      }
      try change(&table)
      self = .array(elements + [.table(table)])
    default: throw .notATable(key)
    }
  }
}

extension TOMLTable {
  /// Reads a text.
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
