/// Text in columns, as wide as their widest cell.
package struct Table {
  package enum Alignment {
    case left
    case right
  }

  private let header: [(title: String, alignment: Alignment)]
  private var rows: [[String]] = []

  package init(_ header: [(title: String, alignment: Alignment)]) {
    self.header = header
    rows.append(header.map(\.title))
  }

  package mutating func add(_ cells: [String]) {
    precondition(cells.count == header.count, "\(cells.count) cells, \(header.count) columns")
    rows.append(cells)
  }

  /// The lines, without spaces at their ends.
  package var text: String { text(width: nil) }

  /// The lines, at most `width` columns wide.
  ///
  /// Where the lines would be wider, the first column's cells are cut in their middle, and columns
  /// that still do not fit are left out from the right, with a line that names them.
  ///
  /// - Parameter width: `nil` to cut nothing.
  package func text(width: Int?) -> String {
    var widths = header.indices.map { column in rows.map { columns(of: $0[column]) }.max() ?? 0 }
    var count = header.count
    if let width, let first = widths.first {
      let minimum = min(first, max(10, width / 4))
      while count > 1 && needed(widths[1..<count]) + minimum > width { count -= 1 }
      widths[0] = max(minimum, min(first, width - needed(widths[1..<count])))
    }
    let lines = rows.map { line($0[..<count], widths) }
    let missing = header[count...].map(\.title).filter { !$0.isEmpty }
    let note = missing.isEmpty ? [] : ["(no room for \(missing.joined(separator: ", ")))"]
    return (lines + note).joined(separator: "\n")
  }

  /// The columns that cells behind the first take, with the gaps before them.
  private func needed(_ widths: ArraySlice<Int>) -> Int { widths.reduce(0) { $0 + 2 + $1 } }

  private func line(_ row: ArraySlice<String>, _ widths: [Int]) -> String {
    let cells = row.indices.map { column in
      let cell = shortened(row[column], to: widths[column])
      let padding = String(repeating: " ", count: widths[column] - columns(of: cell))
      return header[column].alignment == .left ? cell + padding : padding + cell
    }
    return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
  }
}
