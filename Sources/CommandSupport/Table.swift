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
  package var text: String { text(width: nil) }

  /// The lines, the first column's cells cut in their middle where a line would be wider.
  package func text(width: Int?) -> String {
    var widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    if let width, let first = widths.first {
      let excess = widths.reduce(0, +) + 2 * (widths.count - 1) - width
      widths[0] = max(min(first, 16), first - max(0, excess))
    }
    return rows.map { row in
      let cells = row.indices.map { column in
        let cell = shortened(row[column], to: widths[column])
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return alignments[column] == .left ? cell + padding : padding + cell
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  /// The end of a name tells more than its beginning.
  private func shortened(_ cell: String, to width: Int) -> String {
    guard cell.count > width else { return cell }
    let end = (width - 1) * 2 / 3
    return "\(cell.prefix(width - 1 - end))…\(cell.suffix(end))"
  }
}
