/// Pictures in rows and columns with labels outside them: a strip over weights, an X/Y plot.
package struct PictureGrid: Sendable {
  /// Rows from the top; each may be shorter than the widest.
  package let rows: [[Picture]]

  /// Over the columns, and left of the rows; none where empty.
  package let columnLabels: [String]
  package let rowLabels: [String]

  private static let ink = Color(32, 32, 32)

  package init(rows: [[Picture]], columnLabels: [String] = [], rowLabels: [String] = []) {
    self.rows = rows
    self.columnLabels = columnLabels
    self.rowLabels = rowLabels
  }

  /// The grid as one picture.
  ///
  /// Pictures stand in the middle of their cells, which are as wide as the widest of the column
  /// and as high as the highest of the row. Labels are as large as the cells allow.
  package func drawn() -> Picture {
    let layout = Layout(self)
    var canvas = Picture(width: layout.width, height: layout.height, filledWith: .white)
    for (row, pictures) in rows.enumerated() {
      for (column, picture) in pictures.enumerated() {
        canvas.place(
          picture,
          x: layout.columns[column].lowerBound + (layout.columns[column].count - picture.width) / 2,
          y: layout.rows[row].lowerBound + (layout.rows[row].count - picture.height) / 2)
      }
    }
    writeLabels(layout, on: &canvas)
    return canvas
  }

  private func writeLabels(_ layout: Layout, on canvas: inout Picture) {
    for (label, column) in zip(layout.columnLabels, layout.columns) {
      canvas.write(
        label, x: column.lowerBound, y: layout.columnLabelBottom - label.height,
        boxWidth: column.count, aligned: .center, color: Self.ink)
    }
    for (label, row) in zip(layout.rowLabels, layout.rows) {
      // the letters' middle, not that of their descenders, is put at the row's
      let middle = (label.height - 2 * layout.scale) / 2
      canvas.write(
        label, x: layout.margin, y: row.lowerBound + row.count / 2 - middle,
        boxWidth: layout.rowLabelWidth, aligned: .trailing, color: Self.ink)
    }
  }
}

extension PictureGrid {
  /// Where everything goes, in pixels.
  struct Layout {
    let scale: Int
    let margin: Int
    let columns: [Range<Int>]
    let rows: [Range<Int>]
    let columnLabels: [Label]
    let rowLabels: [Label]
    let rowLabelWidth: Int
    let columnLabelBottom: Int
    let width: Int
    let height: Int

    init(_ grid: PictureGrid) {
      let columnCount = grid.rows.map(\.count).max() ?? 0
      let widths = (0..<columnCount).map { column in
        grid.rows.compactMap { column < $0.count ? $0[column].width : nil }.max() ?? 0
      }
      let heights = grid.rows.map { row in row.map(\.height).max() ?? 0 }
      let narrowest = widths.min() ?? 1
      let scale = Self.scale(for: grid.columnLabels + grid.rowLabels, cellWidth: narrowest)
      let gap = max(2, narrowest / 32)
      let margin = 2 * gap + 2 * scale
      columnLabels = zip(grid.columnLabels, widths).map {
        Label($0, scale: scale, width: $1, maximumLines: 4)
      }
      rowLabels = grid.rowLabels.map {
        Label($0, scale: scale, width: 2 * narrowest / 3, maximumLines: 6)
      }
      rowLabelWidth = rowLabels.map(\.width).max() ?? 0
      let left = margin + (rowLabelWidth > 0 ? rowLabelWidth + 2 * gap + scale : 0)
      columns = Self.spread(widths, from: left, gap: gap)
      width = (columns.last?.upperBound ?? left) + margin
      let labelHeight = columnLabels.map(\.height).max() ?? 0
      columnLabelBottom = margin + labelHeight
      let top = labelHeight > 0 ? columnLabelBottom + gap : margin
      rows = Self.spread(heights, from: top, gap: gap)
      height = (rows.last?.upperBound ?? top) + margin
      self.scale = scale
      self.margin = margin
    }

    private static func spread(_ extents: [Int], from start: Int, gap: Int) -> [Range<Int>] {
      var position = start
      return extents.map { extent in
        defer { position += extent + gap }
        return position..<position + extent
      }
    }

    /// 1, 2, 4 or 8: the largest at which each label fits one line of its cell, but never so
    /// small that it drowns beside the pictures.
    private static func scale(for labels: [String], cellWidth: Int) -> Int {
      let longest = labels.map { Label.width(of: $0, scale: 1) }.max() ?? 0
      var scale = 1
      while scale < 8, 64 * scale * 2 <= cellWidth {
        let fits = longest * scale * 2 <= cellWidth
        let drowns = 128 * scale * 2 <= cellWidth
        guard fits || drowns else { break }
        scale *= 2
      }
      return scale
    }
  }
}
