import CommandSupport

/// A grid of coloured cells with their numbers: blue above zero, red below, paler near it.
///
/// - Parameters:
///   - title: A description for those who do not see the plot; `numberTable` holds the numbers.
///   - rows: A label and one value per column; `nil` where there is none.
///   - showsNumbers: Whether cells have room for their numbers.
package func heatMap(
  _ title: String, _ rows: [(label: String, values: [Double?])], columns: [String],
  showsNumbers: Bool
) -> HTML {
  let labelWidth = labelWidth(of: rows.map(\.label), atMost: 150)
  let (cell, height) = showsNumbers ? (52.0, 26.0) : (17.0, 17.0)
  let top = showsNumbers ? 18.0 : 40.0
  let heads = columns.enumerated().map { index, label -> HTML in
    let x = labelWidth + (Double(index) + 0.5) * cell
    return showsNumbers
      ? "<text class=\"tick middle\" x=\"\(x)\" y=\"12.0\">\(label)</text>"
      : """
      <text class="tick" transform="translate(\(x + 3) \(top - 4)) rotate(-90)">\(label)</text>
      """
  }
  let lines = rows.enumerated().map { number, row -> HTML in
    let y = top + Double(number) * height
    let cells = zip(row.values, columns).enumerated().map { index, pair -> HTML in
      let x = labelWidth + Double(index) * cell
      return heatCell(pair.0, "\(row.label), \(pair.1)", x, y, cell, height, showsNumbers)
    }
    return """
      <text class="label" x="\(labelWidth - 8)" y="\(y + height / 2 + 4)">\(row.label)</text>\(cells)
      """
  }
  let (width, depth) = (
    labelWidth + Double(columns.count) * cell + 4, top + Double(rows.count) * height + 4
  )
  return """
    <div class="scroll"><svg class="heat" width="\(width)" height="\(depth)" \
    viewBox="0 0 \(width) \(depth)" role="img" aria-label="\(title)">\(heads)\(lines)</svg></div>
    """
}

private func heatCell(
  _ value: Double?, _ name: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double,
  _ showsNumber: Bool
) -> HTML {
  guard let value else {
    return """
      <rect class="none" x="\(x)" y="\(y)" width="\(width - 1)" height="\(height - 1)">\
      <title>\(name): nothing to compare</title></rect>
      """
  }
  let text = decimal(value, places: 3)
  let strength = decimal(min(1, abs(value)) * 0.75, places: 2)
  let number: HTML =
    showsNumber
    ? "<text class=\"cell middle\" x=\"\(x + width / 2)\" y=\"\(y + height / 2 + 4)\">\(text)</text>"
    : ""
  return """
    <rect class="\(value < 0 ? "below" : "above")" fill-opacity="\(strength)" x="\(x)" y="\(y)" \
    width="\(width - 1)" height="\(height - 1)"><title>\(name): \(text)</title></rect>\(number)
    """
}

/// The numbers of a heat map as a table.
package func numberTable(
  _ rows: [(label: String, values: [Double?])], columns: [String], head: String
) -> HTML {
  let heads = columns.map { "<th scope=\"col\">\($0)</th>" as HTML }
  let lines = rows.map { row -> HTML in
    let cells = row.values.map { value -> HTML in
      "<td>\(value.map { decimal($0, places: 3) } ?? "–")</td>"
    }
    return "<tr><th scope=\"row\">\(row.label)</th>\(cells)</tr>\n"
  }
  return """
    <div class="scroll"><table class="numbers"><thead><tr><th class="text">\(head)</th>\(heads)</tr>\
    </thead><tbody>\(lines)</tbody></table></div>
    """
}
