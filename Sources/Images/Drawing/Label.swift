/// A text in lines that fit a width.
struct Label {
  private(set) var lines: [String]
  private let scale: Int

  /// In pixels.
  var width: Int { lines.map { Self.width(of: $0, scale: scale) }.max() ?? 0 }

  /// In pixels, from the top of the first line to the lowest point of the last.
  var height: Int {
    lines.isEmpty
      ? 0 : ((lines.count - 1) * BitmapFont.lineHeight + BitmapFont.height) * scale
  }

  /// - Parameters:
  ///   - width: In pixels; a word that is longer is broken.
  ///   - maximumLines: What is left over is cut off, with an ellipsis.
  init(_ text: String, scale: Int, width: Int, maximumLines: Int = 3) {
    self.scale = scale
    let columns = max(1, (width / scale + 1) / BitmapFont.advance)
    lines = []
    for word in text.split(whereSeparator: \.isWhitespace) { append(word, columns: columns) }
    if lines.count > maximumLines {
      let last = lines[maximumLines - 1]
      lines = Array(lines[..<(maximumLines - 1)]) + [last.prefix(columns - 1) + "…"]
    }
  }

  private mutating func append(_ word: Substring, columns: Int) {
    if let last = lines.last, last.count + 1 + word.count <= columns {
      lines[lines.count - 1] += " " + word
      return
    }
    var rest = word
    while !rest.isEmpty {
      lines.append(String(rest.prefix(columns)))
      rest = rest.dropFirst(columns)
    }
  }

  /// Of one line, in pixels, without the space after its last character.
  static func width(of text: String, scale: Int) -> Int {
    max(0, text.count * BitmapFont.advance - 1) * scale
  }
}

extension Picture {
  /// Puts `picture` at (x, y), which must hold it.
  mutating func place(_ picture: Picture, x: Int, y: Int) {
    precondition(x >= 0 && y >= 0 && x + picture.width <= width && y + picture.height <= height)
    let source = picture.withoutAlpha
    let rowBytes = source.width * 3
    for row in 0..<source.height {
      let start = offset(x: x, y: y + row)
      let from = row * rowBytes
      bytes.replaceSubrange(start..<start + rowBytes, with: source.bytes[from..<from + rowBytes])
    }
  }

  enum Alignment {
    case center
    case trailing
  }

  /// Writes a label whose box begins at (x, y) and is `boxWidth` wide; what is outside is cut.
  mutating func write(
    _ label: Label, x: Int, y: Int, boxWidth: Int, aligned: Alignment, scale: Int, color: Color
  ) {
    var top = y
    for line in label.lines {
      let slack = boxWidth - Label.width(of: line, scale: scale)
      var left = x + (aligned == .center ? slack / 2 : slack)
      for character in line {
        stamp(Glyph(character, scale: scale), x: left, y: top, color: color)
        left += BitmapFont.advance * scale
      }
      top += BitmapFont.lineHeight * scale
    }
  }

  private mutating func stamp(_ glyph: Glyph, x: Int, y: Int, color: Color) {
    for row in 0..<glyph.height where 0..<height ~= y + row {
      for column in 0..<glyph.width where 0..<width ~= x + column && glyph[column, row] {
        let start = offset(x: x + column, y: y + row)
        (bytes[start], bytes[start + 1], bytes[start + 2]) = (color.red, color.green, color.blue)
      }
    }
  }
}
