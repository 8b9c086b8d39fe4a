import CImages

extension Picture {
  /// Decodes a picture file, turned as its EXIF orientation asks.
  ///
  /// Greys and palettes become RGB, 16 bits the upper 8 (as in Pillow, but for 16-bit greys, which
  /// it makes white). Alpha is kept where the file has any.
  ///
  /// - Parameters:
  ///   - bytes: A whole PNG, JPEG, WebP or BMP file.
  ///   - file: Its name, for errors.
  package init(decoding bytes: RawSpan, file: String) throws(ImageError) {
    let header = try PictureHeader(bytes, file: file)
    do throws(ImageError.Reason) {
      self = try Self.stored(bytes, header).turned(from: header.orientation)
    } catch {
      throw ImageError(file: file, reason: error)
    }
  }

  private static func stored(
    _ bytes: RawSpan, _ header: PictureHeader
  ) throws(ImageError.Reason) -> Picture {
    switch header.format {
    case .png: return try unsafe decoded(bytes, header, by: lora_png_decode)
    case .webp: return try unsafe decoded(bytes, header, by: lora_webp_decode)
    case .jpeg:
      let picture = try unsafe decoded(bytes, header, by: lora_jpeg_decode)
      return header.channels == 4 ? picture.convertedFromCMYK : picture
    case .bmp:
      guard let bitmap = try Bitmap(bytes) else {
        throw .headerCutShort(.bmp, fileBytes: bytes.byteCount)
      }
      return try bitmap.picture(bytes)
    }
  }

  private typealias Decoder = (
    UnsafePointer<UInt8>?, Int, lora_pixels, UnsafeMutablePointer<CChar>?
  ) -> Int32

  private static func decoded(
    _ file: RawSpan, _ header: PictureHeader, by decode: Decoder
  ) throws(ImageError.Reason) -> Picture {
    var message = [CChar](repeating: 0, count: LORA_MESSAGE_CAPACITY)
    var pixels = [UInt8](repeating: 0, count: header.width * header.height * header.channels)
    let status = unsafe pixels.withUnsafeMutableBufferPointer { pixels in
      let target = unsafe lora_pixels(
        bytes: pixels.baseAddress, width: UInt32(header.width), height: UInt32(header.height),
        channels: UInt32(header.channels))
      return unsafe file.withUnsafeBytes { file in
        let start = unsafe file.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return unsafe decode(start, file.count, target, &message)
      }
    }
    guard status == 0 else { throw .notDecoded(header.format, text(message)) }
    return Picture(
      width: header.width, height: header.height, channels: header.channels, bytes: pixels)
  }

  /// The sentence that a C call left.
  static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Adobe's inverted CMYK (0 is full ink) as RGB, rounded as Pillow rounds.
  private var convertedFromCMYK: Picture {
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
