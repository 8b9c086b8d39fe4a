import CImages

extension PictureFormat {
  static let jpeg = PictureFormat(
    name: "JPEG", endings: [".jpg", ".jpeg"],
    recognizes: { $0.bigEndian16(at: 0) == 0xFFD8 && $0.byte(at: 2) == 0xFF },
    header: { JPEGFile.header($0) },
    picture: { (bytes, header) throws(ImageError.Reason) in
      let picture = try unsafe Picture.decoded(bytes, header, by: lora_jpeg_decode)
      return header.channels == 4 ? picture.convertedFromCMYK : picture
    })
}

/// The structure of JPEG files: markers `FF xx`, most followed by a big-endian length.
private enum JPEGFile {
  static func header(_ bytes: RawSpan) -> PictureHeader.Fields? {
    var orientation = Orientation.upright
    var offset = 2
    while let marker = marker(bytes, &offset), let length = bytes.bigEndian16(at: offset) {
      guard length >= 2, offset + length <= bytes.byteCount else { return nil }
      let body = bytes.extracting(offset + 2..<offset + length)
      if isFrame(marker) { return frame(body, orientation) }
      if marker == 0xE1, body.holds("Exif\0\0", at: 0) {
        orientation = Orientation(exif: body.extracting(6..<body.byteCount)) ?? orientation
      }
      if marker == 0xD9 || marker == 0xDA { return nil }
      offset += length
    }
    return nil
  }

  /// The next marker; `offset` moves past it.
  ///
  /// Any number of FF may stand before one.
  private static func marker(_ bytes: RawSpan, _ offset: inout Int) -> UInt8? {
    guard bytes.byte(at: offset) == 0xFF else { return nil }
    while bytes.byte(at: offset) == 0xFF { offset += 1 }
    defer { offset += 1 }
    return bytes.byte(at: offset)
  }

  /// SOF0...SOF15 without DHT, JPG and DAC, which lie among them.
  private static func isFrame(_ marker: UInt8) -> Bool {
    0xC0...0xCF ~= marker && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
  }

  private static func frame(
    _ body: RawSpan, _ orientation: Orientation
  ) -> PictureHeader.Fields? {
    guard let height = body.bigEndian16(at: 1), let width = body.bigEndian16(at: 3),
      let components = body.byte(at: 5)
    else { return nil }
    return PictureHeader.Fields(
      width: width, height: height, channels: components == 4 ? 4 : 3, orientation: orientation)
  }
}

extension Picture {
  /// Adobe's inverted CMYK (0 is full ink) as RGB, rounded as Pillow rounds.
  fileprivate var convertedFromCMYK: Picture {
    var rgb: [UInt8] = []
    rgb.reserveCapacity(width * height * 3)
    for start in stride(from: 0, to: bytes.count, by: 4) {
      let light = Int(bytes[start + 3])
      for channel in 0..<3 {
        let product = (255 - Int(bytes[start + channel])) * light + 128
        rgb.append(UInt8(max(0, light - (product >> 8 + product) >> 8)))
      }
    }
    return Picture(width: width, height: height, bytes: rgb)
  }
}
