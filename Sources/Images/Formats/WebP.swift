import CImages

extension PictureFormat {
  static let webp = PictureFormat(
    name: "WebP", endings: [".webp"],
    recognizes: { $0.holds("RIFF", at: 0) && $0.holds("WEBP", at: 8) },
    header: { (bytes) throws(ImageError.Reason) in try WebPFile.header(bytes) },
    picture: { (bytes, header) throws(ImageError.Reason) in
      try unsafe Picture.decoded(bytes, header, by: lora_webp_decode)
    })
}

/// The structure of WebP files: RIFF chunks `type | u32 length | data`, little-endian.
private enum WebPFile {
  static func header(_ bytes: RawSpan) throws(ImageError.Reason) -> PictureHeader.Fields? {
    var width: Int32 = 0
    var height: Int32 = 0
    var hasAlpha: Int32 = 0
    var hasAnimation: Int32 = 0
    let status = unsafe bytes.withUnsafeBytes { file in
      unsafe lora_webp_header(
        file.baseAddress, file.count, &width, &height, &hasAlpha, &hasAnimation)
    }
    guard status == 0 else { return nil }
    if hasAnimation != 0 { throw .animation }
    return PictureHeader.Fields(
      width: Int(width), height: Int(height), channels: hasAlpha != 0 ? 4 : 3,
      orientation: orientation(bytes))
  }

  private static func orientation(_ bytes: RawSpan) -> Orientation {
    var offset = 12
    while let length = bytes.littleEndian32(at: offset + 4),
      length <= bytes.byteCount - offset - 8
    {
      if bytes.holds("EXIF", at: offset) {
        var body = bytes.extracting(offset + 8..<offset + 8 + length)
        if body.holds("Exif\0\0", at: 0) { body = body.extracting(6..<body.byteCount) }
        return Orientation(exif: body) ?? .upright
      }
      offset += 8 + length + length % 2
    }
    return .upright
  }
}
