import Files
package import Images

/// A page with a slider that goes through pictures: over an adapter's weights, or over whatever else
/// changes from picture to picture.
///
/// It holds the pictures themselves, works without a network, by mouse, touch and keyboard, and
/// shows all pictures in rows where scripts are off. Its address may name a place:
/// `page.html#weight=0.5&row=2&difference`.
package struct SliderPage {
  /// What the slider changes, and its positions from left to right.
  package struct Axis {
    /// A word for it: `weight`.
    package let name: String
    package let labels: [String]

    /// The labels as numbers, where all are.
    package let values: [Double]?

    package init(name: String, labels: [String]) {
      precondition(!labels.isEmpty, "a slider without positions")
      self.name = name
      self.labels = labels.map(Files.escaped)
      let values = labels.compactMap { Double($0) }
      self.values = values.count == labels.count ? values : nil
    }

    /// The position that others are compared with: 0, else the first.
    package var reference: Int { values?.firstIndex(of: 0) ?? 0 }
  }

  /// The pictures of one seed or prompt, one for each position.
  package struct Row {
    package let label: String
    package let pictures: [Picture]

    package init(label: String, pictures: [Picture]) {
      self.label = Files.escaped(label)
      self.pictures = pictures
    }
  }

  /// Two pictures that a slider was trained on.
  package typealias Pair = (before: Picture, after: Picture)

  /// Figures at each position, and some of the whole.
  package struct Figures {
    /// Shares of the full range of colours, a line of the curve and a column of the table each:
    /// `("change inside", [0.2, 0.1, 0, …])`.
    package let lines: [(name: String, values: [Double])]

    /// `("order", "0.95")`.
    package let facts: [(name: String, value: String)]

    /// A sentence that says how they are measured.
    package let explanation: String

    package init(
      lines: [(name: String, values: [Double])], facts: [(name: String, value: String)] = [],
      explanation: String
    ) {
      self.lines = lines
      self.facts = facts
      self.explanation = explanation
    }
  }

  /// The file that makes the change, for the lines that use it elsewhere.
  package struct Adapter {
    package let file: String

    /// Between which weights it is meant to be used, where that is known.
    package let range: ClosedRange<Double>?

    package init(file: String, range: ClosedRange<Double>? = nil) {
      self.file = Files.escaped(Path(file).name)
      self.range = range
    }

    /// The name that programs know it by.
    var name: String { Path(file).stem }
  }

  let title: String
  let axis: Axis
  let rows: [Row]
  let pairs: [Pair]
  let figures: Figures?
  let settings: [(name: String, value: String)]
  let adapter: Adapter?

  /// The command that makes the page.
  let command: String

  /// - Parameters:
  ///   - rows: At least one.
  ///   - adapter: nil where the axis is not the weight of one adapter.
  ///   - command: `slider`, for the last line.
  package init(
    title: String, axis: Axis, rows: [Row], pairs: [Pair] = [], figures: Figures? = nil,
    settings: [(name: String, value: String)], adapter: Adapter? = nil, command: String
  ) {
    precondition(!rows.isEmpty, "a page without pictures")
    for row in rows {
      precondition(
        row.pictures.count == axis.labels.count,
        "\(row.pictures.count) pictures for \(axis.labels.count) positions")
    }
    self.title = Files.escaped(title)
    self.axis = axis
    self.rows = rows
    self.pairs = pairs
    self.figures = figures
    self.settings = settings.map { ($0, Files.escaped($1)) }
    self.adapter = adapter
    self.command = command
  }

  /// The page as text; as large as its pictures, which are PNG up to some megabytes, else JPEG.
  package func html() throws(ImageError) -> HTML {
    let source = try EmbeddedPictures(
      rows.flatMap(\.pictures) + pairs.flatMap { [$0.before, $0.after] })
    let stage = try stage(source)
    return page(
      title: "\(title) – lora \(command)",
      """
      <style>\(HTML(stringLiteral: sliderStyle))</style>
      <h1>\(title)</h1>
      <p>\(introduction)</p>
      \(stage)
      \(control)
      \(figureSection)
      \(useSection)
      \(settingsSection)
      <script>\(HTML(stringLiteral: sliderScript))</script>
      """,
      footer: "Written by <code>lora \(command) --html</code>. \(source.note)")
  }

  private var introduction: HTML {
    """
    Move the slider, or drag on a picture. <span class="hints">Keys: <kbd>←</kbd> <kbd>→</kbd> \
    <kbd>Home</kbd> <kbd>End</kbd>, and <kbd>D</kbd> for the difference.</span>\
    <noscript> Scripts are off here: the rows show all pictures, from \(axis.name) \
    \(axis.labels[0]) to \(axis.labels[axis.labels.count - 1]).</noscript>
    """
  }
}

// MARK: - Pictures and control

extension SliderPage {
  private func stage(_ source: EmbeddedPictures) throws(ImageError) -> HTML {
    let pairs = try pairs.enumerated().map { number, pair throws(ImageError) in
      try figures(of: pair, number, source)
    }
    let films = try rows.enumerated().map { number, row throws(ImageError) in
      try film(row, number, source)
    }
    let trained: HTML =
      pairs.isEmpty
      ? ""
      : """
      <section class="pairs" aria-label="Trained on">\(pairs)</section>
      """
    return """
      <div class="\(pairs.isEmpty ? "stage" : "stage paired")">\(trained)
      <div class="films" data-count="\(min(films.count, 4))">\(films)</div></div>
      """
  }

  /// All pictures of a row, one upon the other; the script shows one of them.
  private func film(
    _ row: Row, _ number: Int, _ source: EmbeddedPictures
  ) throws(ImageError) -> HTML {
    let reference = "r\(number)"
    let pictures = try row.pictures.enumerated().map { position, picture throws(ImageError) in
      let id: HTML = position == axis.reference ? " id=\"\(reference)\"" : ""
      let text = "\(row.label), \(axis.name) \(axis.labels[position])"
      let name = Files.escaped(text)
      return """
        <img\(id) data-at="\(position)" \(try source.attributes(picture)) alt="\(name)" \
        title="\(axis.name) \(axis.labels[position])">
        """ as HTML
    }
    return """
      <figure class="row"><div class="film moving" data-base="\(reference)">\(pictures)</div>\
      <figcaption><button type="button" class="alone" aria-pressed="false" \
      title="Show this one alone">\(row.label)</button></figcaption></figure>

      """
  }

  private func figures(
    of pair: Pair, _ number: Int, _ source: EmbeddedPictures
  ) throws(ImageError) -> HTML {
    let which = pairs.count > 1 ? " \(number + 1)" : ""
    let id = "p\(number)"
    return """
      <figure><div class="film"><img class="on" id="\(id)" \(try source.attributes(pair.before)) \
      alt="trained on\(which), before"></div><figcaption>trained on\(which): before</figcaption></figure>
      <figure><div class="film" data-base="\(id)"><img class="on" \
      \(try source.attributes(pair.after)) alt="trained on\(which), after"></div>\
      <figcaption>trained on\(which): after</figcaption></figure>

      """
  }

  /// The slider itself, with its buttons; useless and hidden without scripts.
  private var control: HTML {
    let last = axis.labels.count - 1
    let (start, label) = (axis.reference, axis.labels[axis.reference])
    let ticks = axis.labels.enumerated().map { position, label -> HTML in
      let isKey = [0, axis.reference, last].contains(position)
      return "<span\(isKey ? " class=\"key-tick\"" as HTML : "")><span>\(label)</span></span>"
    }
    let longest = axis.labels.map(\.count).max() ?? 0
    let scale: HTML =
      longest > 6 || last > 24 ? "" : "<div class=\"ticks\" aria-hidden=\"true\">\(ticks)</div>"
    let options = axis.labels.enumerated().map { position, label -> HTML in
      "<option value=\"\(position)\" label=\"\(label)\"></option>"
    }
    return """
      <div class="control" role="group" aria-label="Slider">
      <div class="reading"><label for="slide">\(axis.name)</label> \
      <output id="reading" for="slide">\(label)</output>
      <span class="buttons"><button type="button" id="play" aria-pressed="false">Play</button> \
      <button type="button" id="difference" aria-pressed="false" aria-keyshortcuts="d" \
      title="What differs from \(axis.name) \(label), twice as bright">Show difference</button>\
      </span></div>
      <input type="range" id="slide" min="0" max="\(last)" step="1" value="\(start)" \
      data-name="\(axis.name)" data-start="\(start)" aria-valuetext="\(axis.name) \(label)">
      \(scale)<datalist id="positions">\(options)</datalist>
      </div>
      """
  }
}
