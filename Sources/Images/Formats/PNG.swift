import CImages

extension PictureFormat {
  static let png = PictureFormat(
    name: "PNG", endings: [".png"],
    recognizes: { $0.byte(at: 0) == 0x89 && $0.holds("PNG\r\n\u{1A}\n", at: 1) },
    header: { PNGFile.header($0) },
    picture: { (bytes, header) throws(ImageError.Reason) in
      try unsafe Picture.decoded(bytes, header, by: lora_png_decode)
    })
}

/// The structure of PNG files: `u32 length | type | data | u32 check`, big-endian.
enum PNGFile {
  fileprivate static func header(_ bytes: RawSpan) -> PictureHeader.Fields? {
    guard bytes.holds("IHDR", at: 12), let width = bytes.bigEndian32(at: 16),
      let height = bytes.bigEndian32(at: 20), let colorType = bytes.byte(at: 25)
    else { return nil }
    var hasAlpha = colorType & 4 != 0
    var orientation = Orientation.upright
    for chunk in chunks(bytes) {
      if bytes.holds("tRNS", at: chunk.lowerBound - 4) { hasAlpha = true }
      if bytes.holds("eXIf", at: chunk.lowerBound - 4) {
        orientation = Orientation(exif: bytes.extracting(chunk)) ?? .upright
      }
    }
    return PictureHeader.Fields(
      width: width, height: height, channels: hasAlpha ? 4 : 3, orientation: orientation,
      hasPalette: colorType == 3)
  }

  /// Where the data of each whole chunk lie; the type stands in the four bytes before.
  static func chunks(_ bytes: RawSpan) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var offset = 8
    while let length = bytes.bigEndian32(at: offset), length <= bytes.byteCount - offset - 12 {
      ranges.append(offset + 8..<offset + 8 + length)
      offset += 12 + length
    }
    return ranges
  }
}
