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
      self = try header.format.picture(bytes, header).turned(from: header.orientation)
    } catch {
      throw ImageError(file: file, reason: error)
    }
  }

  typealias Decoder = (
    UnsafePointer<UInt8>?, Int, lora_pixels, UnsafeMutablePointer<CChar>?
  ) -> Int32

  /// Decodes by a function of CImages.
  static func decoded(
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
}

// Integers out of bytes that a stranger wrote: nil where the bytes end first.
extension RawSpan {
  func byte(at offset: Int) -> UInt8? {
    guard offset >= 0, offset < byteCount else { return nil }
    return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  func bigEndian16(at offset: Int) -> Int? {
    guard let high = byte(at: offset), let low = byte(at: offset + 1) else { return nil }
    return Int(high) << 8 | Int(low)
  }

  func bigEndian32(at offset: Int) -> Int? {
    guard let high = bigEndian16(at: offset), let low = bigEndian16(at: offset + 2) else {
      return nil
    }
    return high << 16 | low
  }

  func littleEndian16(at offset: Int) -> Int? {
    bigEndian16(at: offset).map { ($0 & 0xFF) << 8 | $0 >> 8 }
  }

  func littleEndian32(at offset: Int) -> Int? {
    guard let low = littleEndian16(at: offset), let high = littleEndian16(at: offset + 2) else {
      return nil
    }
    return high << 16 | low
  }

  /// Whether `text`, in ASCII, stands at `offset`.
  func holds(_ text: String, at offset: Int) -> Bool { holds(text.utf8, at: offset) }

  /// Whether these bytes stand at `offset`.
  func holds(_ bytes: some Sequence<UInt8>, at offset: Int) -> Bool {
    var position = offset
    for byte in bytes {
      if self.byte(at: position) != byte { return false }
      position += 1
    }
    return true
  }
}
