import CommandSupport

extension SliderPage {
  /// The figures as a curve over the positions and as a table; nothing where there are none.
  var figureSection: HTML {
    guard let figures else { return "" }
    let series = figures.lines.enumerated().map { Series(name: $1.name, index: $0) }
    let facts: HTML = figures.facts.isEmpty ? "" : factList(figures.facts)
    return """
      <section><h2>How much changes</h2><p>\(figures.explanation)</p>
      \(facts)
      <div class="figures"><div>\(legend(series))
      \(curvePlot("Change by \(axis.name)", axis, figures.lines.map(\.values), series))</div>
      \(table(figures))</div></section>
      """
  }

  private func table(_ figures: Figures) -> HTML {
    let heads = figures.lines.map { "<th scope=\"col\">\($0.name)</th>" as HTML }
    let rows = axis.labels.enumerated().map { position, label -> HTML in
      let cells = figures.lines.map { "<td>\(percent($0.values[position]))</td>" as HTML }
      return "<tr data-at=\"\(position)\"><th scope=\"row\">\(label)</th>\(cells)</tr>\n"
    }
    return """
      <div class="scroll"><table class="numbers"><thead><tr><th scope="col">\(axis.name)</th>\
      \(heads)</tr></thead>
      <tbody>\(rows)</tbody></table></div>
      """
  }

  /// Which file it is and what other programs call it, with the weight that the slider stands at.
  var useSection: HTML {
    guard let adapter else { return "" }
    let weight: HTML = "<span class=\"weight\">\(axis.labels[axis.reference])</span>"
    let range: HTML =
      adapter.range.map {
        """
         It is meant for weights from \(significant($0.lowerBound, digits: 3)) to \
        \(significant($0.upperBound, digits: 3)).
        """
      } ?? ""
    return """
      <section><h2>Use it</h2>
      <p>The file is <code>\(adapter.file)</code>.\(range) The lines below have the weight of the \
      slider above.</p>
      <table class="summary use"><tbody>
      <tr><th scope="row">AUTOMATIC1111, Forge</th><td>in the folder <code>models/Lora</code>; in the \
      prompt <code>&lt;lora:\(adapter.name):\(weight)&gt;</code></td></tr>
      <tr><th scope="row">ComfyUI</th><td>in the folder <code>models/loras</code>; the node \
      <code>Load LoRA</code> with <code>strength_model</code> <code>\(weight)</code></td></tr>
      <tr><th scope="row">diffusers</th><td>\
      <code>pipe.load_lora_weights("\(adapter.file)", adapter_name="\(adapter.name)")</code>, then \
      <code>pipe.set_adapters("\(adapter.name)", \(weight))</code></td></tr>
      <tr><th scope="row">lora</th><td><code>lora sample --lora \(adapter.file):\(weight)</code></td></tr>
      </tbody></table></section>
      """
  }

  var settingsSection: HTML {
    let rows = settings.map { setting -> HTML in
      "<tr><th scope=\"row\">\(setting.name)</th><td>\(setting.value)</td></tr>\n"
    }
    return """
      <section><h2>Settings</h2><table class="summary"><tbody>\(rows)</tbody></table></section>
      """
  }
}

/// Lines over the positions of a slider, with a mark at each that the script shows.
///
/// - Parameter lines: Shares, one for each position; from 0 up.
private func curvePlot(
  _ title: String, _ axis: SliderPage.Axis, _ lines: [[Double]], _ series: [Series]
) -> HTML {
  let (left, top, width, height) = (50.0, 8.0, 416.0, 170.0)
  let most = max(lines.joined().filter(\.isFinite).max() ?? 0, 1e-6)
  let places = places(of: axis).map { left + $0 * width }
  let y = { (share: Double) in top + (1 - max(0, share.isFinite ? share : 0) / most) * height }
  let levels = [0, 0.5, 1].map { part -> HTML in
    let level = y(part * most)
    return """
      <line class="grid" x1="\(left)" x2="\(left + width)" y1="\(level)" y2="\(level)"/>\
      <text class="tick end" x="\(left - 6)" y="\(level + 4)">\(percent(part * most))</text>
      """
  }
  let bottom = top + height
  let step = max(1, (axis.labels.count + 8) / 9)
  let marks = zip(axis.labels, places).enumerated().map { position, mark -> HTML in
    let label: HTML =
      position % step == 0
      ? "<text class=\"tick middle\" x=\"\(mark.1)\" y=\"\(bottom + 16)\">\(mark.0)</text>" : ""
    return """
      <line class="mark" data-at="\(position)" x1="\(mark.1)" x2="\(mark.1)" y1="\(top)" \
      y2="\(bottom)"/>\(label)
      """
  }
  let curves = zip(lines, series).map { values, series -> HTML in
    let points = zip(places, values).map {
      "\(decimal($0, places: 1)),\(decimal(y($1), places: 1))"
    }
    let dots = zip(places, values).enumerated().map { position, point -> HTML in
      """
      <circle class="\(series.style)" cx="\(point.0)" cy="\(y(point.1))" r="3">\
      <title>\(series.name), \(axis.name) \(axis.labels[position]): \(percent(point.1))</title></circle>
      """
    }
    return """
      <polyline class="line \(series.style)" points="\(points.joined(separator: " "))"/>\(dots)
      """
  }
  return """
    <svg class="curve" viewBox="0 0 480 \(bottom + 38)" role="img" aria-label="\(title)">\(levels)\
    \(marks)\(curves)<text class="tick middle" x="\(left + width / 2)" y="\(bottom + 34)">\
    \(axis.name)</text></svg>
    """
}

/// Where the positions lie between the ends, 0…1: by their numbers where those rise or fall.
private func places(of axis: SliderPage.Axis) -> [Double] {
  let count = axis.labels.count
  let even = (0..<count).map { count == 1 ? 0.5 : Double($0) / Double(count - 1) }
  guard let values = axis.values, let first = values.first, let last = values.last else {
    return even
  }
  let steps = zip(values, values.dropFirst()).map { $1 - $0 }
  guard steps.allSatisfy({ $0 > 0 }) || steps.allSatisfy({ $0 < 0 }), first != last else {
    return even
  }
  return values.map { ($0 - first) / (last - first) }
}
