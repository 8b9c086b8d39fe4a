import CommandSupport

/// One file's line or bars in a plot, under its name in the legend.
package struct Series {
  package let name: String
  let index: Int

  package init(name: String, index: Int) {
    self.name = name
    self.index = index
  }

  /// The class that gives it its colour; they repeat after six.
  package var style: String { "s\(index % 6)" }
}

/// Bars from left to right, one group per row: a number for each block and file.
///
/// - Parameters:
///   - title: A description for those who do not see the plot.
///   - maximum: The value of a bar of full width; by default the largest.
///   - rows: A label and one value per series; `nil` where the file has no such block.
package func barPlot(
  _ title: String, _ rows: [(label: String, values: [Double?])], _ series: [Series],
  maximum: Double? = nil, text: (Double) -> String = { significant($0, digits: 3) }
) -> HTML {
  let maximum = maximum ?? rows.flatMap(\.values).compactMap(\.self).filter(\.isFinite).max() ?? 0
  let labelWidth = labelWidth(of: rows.map { shortened($0.label) }, atMost: 176)
  let (width, bar) = (760.0, series.count > 1 ? 12.0 : 13.0)
  let step = bar * Double(series.count) + 7
  let scale = maximum > 0 ? (width - labelWidth - 78) / maximum : 0
  let marks = rows.enumerated().map { number, row -> HTML in
    let top = Double(number) * step + 3
    let bars = zip(row.values, series).enumerated().map { index, pair -> HTML in
      guard let value = pair.0 else { return "" }
      let length = value.isFinite ? value * scale : 0
      let y = top + Double(index) * bar
      return """
        <rect class="\(pair.1.style)" x="\(labelWidth)" y="\(y)" width="\(length)" \
        height="\(bar - 1.5)" rx="1.5"><title>\(row.label): \(text(value))</title></rect>
        <text class="value" x="\(labelWidth + length + 6)" y="\(y + bar - 3)">\
        \(text(value))</text>
        """
    }
    let middle = top + bar * Double(series.count) / 2 + 3
    return """
      <text class="label" x="\(labelWidth - 8)" y="\(middle)">\(shortened(row.label))</text>\(bars)
      """
  }
  return """
    <div class="scroll"><svg class="wide" \
    viewBox="0 0 \(width) \(Double(rows.count) * step + 4)" role="img" \
    aria-label="\(title)">\(marks)</svg></div>
    """
}

/// Which colour is which series.
package func legend(_ series: [Series]) -> HTML {
  let items = series.map { item -> HTML in
    "<li><span class=\"key \(item.style)\"></span>\(item.name)</li>"
  }
  return "<ul class=\"legend\">\(items)</ul>"
}

/// The room for the longest of some labels and a gap, in letters of 11 pixels.
func labelWidth(of labels: [String], atMost most: Double) -> Double {
  min(most, 7 * Double(labels.map(\.count).max() ?? 0) + 12)
}

/// A label that fits beside the bars; their titles hold it whole.
private func shortened(_ label: String) -> String {
  label.count <= 26 ? label : "\(label.prefix(25))…"
}
