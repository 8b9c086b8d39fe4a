/// Text in columns, as wide as their widest cell.
package struct Table {
  package enum Alignment {
    case left
    case right
  }

  private let alignments: [Alignment]
  private var rows: [[String]] = []

  package init(_ header: [(title: String, alignment: Alignment)]) {
    alignments = header.map(\.alignment)
    rows.append(header.map(\.title))
  }

  package mutating func add(_ cells: [String]) {
    precondition(
      cells.count == alignments.count, "\(cells.count) cells, \(alignments.count) columns")
    rows.append(cells)
  }

  /// The lines, without spaces at their ends.
  package var text: String {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return alignments[column] == .left ? row[column] + padding : padding + row[column]
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
