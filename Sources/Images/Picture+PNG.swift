import CImages

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

  private func encoded(_ texts: [CChar]) throws(ImageError) -> [UInt8] {
    var message = [CChar](repeating: 0, count: LORA_MESSAGE_CAPACITY)
    var file: UnsafeMutablePointer<UInt8>?
    var count = 0
    var pixels = bytes  // C takes one struct for both directions; nothing is written
    let status = unsafe pixels.withUnsafeMutableBufferPointer { pixels in
      let source = unsafe lora_pixels(
        bytes: pixels.baseAddress, width: UInt32(width), height: UInt32(height),
        channels: UInt32(channels))
      return unsafe lora_png_encode(source, texts, texts.count, &file, &count, &message)
    }
    guard status == 0, let file = unsafe file else {
      throw ImageError(
        file: "\(width) × \(height) picture", reason: .notEncoded(Self.text(message)))
    }
    defer { unsafe lora_png_free(file) }
    return unsafe Array(UnsafeBufferPointer(start: file, count: count))
  }
}
