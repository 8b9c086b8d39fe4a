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

  /// What a VAE takes: -1...1, 32-bit, channels last (`[height, width, 3]`); alpha is left out.
  package var signedValues: [Float] {
    let rgb = withoutAlpha
    return rgb.bytes.map { Self.signed[Int($0)] }
  }

  /// v / 127.5 - 1, rounded as torchvision's ToTensor and Normalize round.
  private static let signed = (0...255).map { (Float($0) / 255 - 0.5) / 0.5 }
}
