extension Picture {
  /// Puts a picture at (x, y), where it must fit, without its alpha.
  mutating func place(_ picture: Picture, x: Int, y: Int) {
    precondition(
      x >= 0 && y >= 0 && x + picture.width <= width && y + picture.height <= height,
      "\(picture.size) at (\(x), \(y)) of \(size)")
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
    _ label: Label, x: Int, y: Int, boxWidth: Int, aligned: Alignment, color: Color
  ) {
    var top = y
    for line in label.lines {
      let slack = boxWidth - Label.width(of: line, scale: label.scale)
      var left = x + (aligned == .center ? slack / 2 : slack)
      for character in line {
        let glyph = Glyph(character, scale: label.scale)
        stamp(glyph, x: left, y: top + label.ascent * label.scale - glyph.ascent, color: color)
        left += Label.advance(of: character, scale: label.scale)
      }
      top += label.lineHeight * label.scale
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
