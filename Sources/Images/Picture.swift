import CImages

/// An 8-bit picture in memory: rows from the top, RGB or RGBA, no padding.
package struct Picture: Hashable, Sendable {
  package let width: Int
  package let height: Int

  /// 3 for RGB, 4 for RGB and alpha (straight, not multiplied in).
  package let channels: Int

  /// `height * width * channels` values.
  package var bytes: [UInt8]

  /// The maximum of pixels that are read: Pillow's limit against decompression bombs.
  package static let pixelLimit = 178_956_970

  package init(width: Int, height: Int, channels: Int = 3, bytes: [UInt8]) {
    precondition(channels == 3 || channels == 4, "\(channels) channels")
    precondition(
      bytes.count == width * height * channels,
      "\(bytes.count) bytes for \(width) × \(height) × \(channels)")
    self.width = width
    self.height = height
    self.channels = channels
    self.bytes = bytes
  }

  /// A picture of one colour.
  package init(width: Int, height: Int, filledWith color: Color) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(width * height * 3)
    for _ in 0..<width * height { bytes += [color.red, color.green, color.blue] }
    self.init(width: width, height: height, bytes: bytes)
  }

  package var size: PixelSize { PixelSize(width: width, height: height) }
  package var hasAlpha: Bool { channels == 4 }

  /// The index in `bytes` of a pixel's first value.
  package func offset(x: Int, y: Int) -> Int { (y * width + x) * channels }

  /// The picture in RGB, the alpha channel dropped without mixing: the colours that lie hidden
  /// under transparent pixels appear, as they do in sd-scripts.
  package var withoutAlpha: Picture {
    guard hasAlpha else { return self }
    var rgb: [UInt8] = []
    rgb.reserveCapacity(width * height * 3)
    for start in stride(from: 0, to: bytes.count, by: 4) { rgb += bytes[start..<start + 3] }
    return Picture(width: width, height: height, bytes: rgb)
  }

  /// Whether any pixel shows what lies behind it.
  package var isTransparent: Bool {
    hasAlpha && stride(from: 3, to: bytes.count, by: 4).contains { bytes[$0] < 255 }
  }

  /// The picture in RGB, as it looks on a background of one colour.
  package func composited(over background: Color) -> Picture {
    guard hasAlpha else { return self }
    let behind = [background.red, background.green, background.blue].map(Int.init)
    var rgb: [UInt8] = []
    rgb.reserveCapacity(width * height * 3)
    for start in stride(from: 0, to: bytes.count, by: 4) {
      let alpha = Int(bytes[start + 3])
      for channel in 0..<3 {
        let sum = Int(bytes[start + channel]) * alpha + behind[channel] * (255 - alpha)
        rgb.append(UInt8((sum + 127) / 255))
      }
    }
    return Picture(width: width, height: height, bytes: rgb)
  }
}

/// A colour of 8 bits per channel.
package struct Color: Hashable, Sendable {
  package let red: UInt8
  package let green: UInt8
  package let blue: UInt8

  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  package static let white = Color(255, 255, 255)
  package static let black = Color(0, 0, 0)
}

extension Color: CustomStringConvertible {
  package var description: String {
    if self == .white { return "white" }
    if self == .black { return "black" }
    return "#"
      + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension Picture {
  /// The rectangle of the picture that begins at (x, y).
  package func cropped(x: Int, y: Int, width newWidth: Int, height newHeight: Int) -> Picture {
    precondition(
      x >= 0 && y >= 0 && x + newWidth <= width && y + newHeight <= height,
      "\(newWidth) × \(newHeight) at (\(x), \(y)) of \(width) × \(height)")
    if newWidth == width && newHeight == height { return self }
    var result: [UInt8] = []
    result.reserveCapacity(newWidth * newHeight * channels)
    for row in y..<y + newHeight {
      let start = offset(x: x, y: row)
      result += bytes[start..<start + newWidth * channels]
    }
    return replaced(width: newWidth, height: newHeight, bytes: result)
  }

  /// The input of a VAE: -1...1, 32-bit, channels last (`[height, width, 3]`); alpha is left out.
  package var signedValues: [Float] {
    let rgb = withoutAlpha
    return rgb.bytes.map { Self.signed[Int($0)] }
  }

  /// v / 127.5 - 1, rounded as torchvision's ToTensor and Normalize round.
  private static let signed = (0...255).map { (Float($0) / 255 - 0.5) / 0.5 }
}

/// A width and a height in pixels.
package struct PixelSize: Hashable, Sendable {
  package let width: Int
  package let height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  package var aspectRatio: Double { Double(width) / Double(height) }
}

extension PixelSize: CustomStringConvertible {
  package var description: String { "\(width) × \(height)" }
}

/// Ordered by width, then by height.
extension PixelSize: Comparable {
  package static func < (a: PixelSize, b: PixelSize) -> Bool {
    (a.width, a.height) < (b.width, b.height)
  }
}

extension Picture {
  /// The picture as a PNG file.
  ///
  /// The same picture and texts give the same bytes (with one version of zlib).
  ///
  /// - Parameter texts: Text chunks, for example `parameters` with the sampling settings, where
  ///   web UIs look for them. A keyword has 1 to 79 Latin-1 characters. A value outside Latin-1
  ///   is written as UTF-8 (iTXt).
  package func png(texts: [(keyword: String, value: String)] = []) throws(ImageError) -> [UInt8] {
    var packed: [CChar] = []
    for (keyword, value) in texts {
      precondition(1...79 ~= keyword.unicodeScalars.count, "keyword \(keyword)")
      packed += (Array(keyword.utf8) + [0] + value.utf8.filter { $0 != 0 } + [0])
        .map(CChar.init(bitPattern:))
    }
    return try encoded(packed)
  }

  /// The picture as a JPEG file, its alpha channel dropped.
  ///
  /// - Parameter quality: 1 to 100, as libjpeg scales it.
  package func jpeg(quality: Int) throws(ImageError) -> [UInt8] {
    precondition(1...100 ~= quality, "quality \(quality)")
    return try unsafe withoutAlpha.encoded(free: lora_jpeg_free) {
      unsafe lora_jpeg_encode($0, Int32(quality), $1, $2, $3)
    }
  }

  private func encoded(_ texts: [CChar]) throws(ImageError) -> [UInt8] {
    try unsafe encoded(free: lora_png_free) {
      unsafe lora_png_encode($0, texts, texts.count, $1, $2, $3)
    }
  }

  private typealias FilePointer = UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>

  /// A file of C's memory, which is freed.
  private func encoded(
    free: (UnsafeMutablePointer<UInt8>?) -> Void,
    by encode: (
      lora_pixels, FilePointer, UnsafeMutablePointer<Int>, UnsafeMutablePointer<CChar>
    ) -> Int32
  ) throws(ImageError) -> [UInt8] {
    var message = [CChar](repeating: 0, count: LORA_MESSAGE_CAPACITY)
    var file: UnsafeMutablePointer<UInt8>?
    var count = 0
    var pixels = bytes  // C takes one struct for both directions; nothing is written
    let status = unsafe pixels.withUnsafeMutableBufferPointer { pixels in
      let source = unsafe lora_pixels(
        bytes: pixels.baseAddress, width: UInt32(width), height: UInt32(height),
        channels: UInt32(channels))
      return unsafe encode(source, &file, &count, &message)
    }
    guard status == 0, let result = unsafe file else {
      throw ImageError(
        file: "\(width) × \(height) picture", reason: .notEncoded(Self.text(message)))
    }
    defer { unsafe free(result) }
    return unsafe Array(UnsafeBufferPointer(start: result, count: count))
  }
}
