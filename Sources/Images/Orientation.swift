/// The turn that a stored picture needs, by EXIF's numbers.
package enum Orientation: Int, Hashable, Sendable, CaseIterable {
  case upright = 1
  case mirrored
  case upsideDown
  case flipped
  case transposed
  case quarterRight
  case transversed
  case quarterLeft

  /// Whether width and height change places.
  package var swapsAxes: Bool { rawValue >= 5 }

  /// The orientation that an EXIF block names; nil where it names none of the eight.
  ///
  /// - Parameter exif: A TIFF structure, from its byte order mark on. Only the first directory
  ///   is looked at (EXIF 2.3, 4.6.2; tag 0x0112).
  init?(exif: RawSpan) {
    let isLittle = exif.holds("II", at: 0)
    guard isLittle || exif.holds("MM", at: 0) else { return nil }
    func word(_ offset: Int) -> Int? {
      isLittle ? exif.littleEndian16(at: offset) : exif.bigEndian16(at: offset)
    }
    let start = isLittle ? exif.littleEndian32(at: 4) : exif.bigEndian32(at: 4)
    guard word(2) == 42, let start, let count = word(start) else { return nil }
    for entry in 0..<count {
      let offset = start + 2 + 12 * entry
      guard let tag = word(offset) else { return nil }
      if tag == 0x0112 {
        guard let value = word(offset + 8) else { return nil }
        self.init(rawValue: value)
        return
      }
    }
    return nil
  }
}

extension Picture {
  /// The picture as a viewer shows one that was stored with `orientation`.
  package func turned(from orientation: Orientation) -> Picture {
    if orientation == .upright { return self }
    let swaps = orientation.swapsAxes
    let (newWidth, newHeight) = swaps ? (height, width) : (width, height)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for y in 0..<newHeight {
      for x in 0..<newWidth {
        let source = stored(x, y, orientation)
        let start = offset(x: source.x, y: source.y)
        result += bytes[start..<start + channels]
      }
    }
    return Picture(width: newWidth, height: newHeight, channels: channels, bytes: result)
  }

  /// Where the pixel that is shown at (x, y) is stored.
  private func stored(_ x: Int, _ y: Int, _ orientation: Orientation) -> (x: Int, y: Int) {
    switch orientation {
    case .upright: (x, y)
    case .mirrored: (width - 1 - x, y)
    case .upsideDown: (width - 1 - x, height - 1 - y)
    case .flipped: (x, height - 1 - y)
    case .transposed: (y, x)
    case .quarterRight: (y, height - 1 - x)
    case .transversed: (width - 1 - y, height - 1 - x)
    case .quarterLeft: (width - 1 - y, x)
    }
  }

  /// The picture mirrored left to right.
  package var mirrored: Picture { turned(from: .mirrored) }
}
