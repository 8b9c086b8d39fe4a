import Testing

@testable import Images

@Suite struct JPEGTests {
  /// A soft slope of colours, as photographs are made of.
  private static func slope(_ width: Int, _ height: Int, channels: Int = 3) -> Picture {
    let bytes = (0..<width * height).flatMap { index -> [UInt8] in
      let (x, y) = (index % width, index / width)
      let color = [40 + 3 * x % 200, 220 - 2 * y % 200, 90 + (x + y) % 120].map { UInt8($0) }
      return channels == 4 ? color + [128] : color
    }
    return Picture(width: width, height: height, channels: channels, bytes: bytes)
  }

  @Test(arguments: [(1, 1), (7, 5), (16, 16), (33, 50)])
  func comesBackNearly(width: Int, height: Int) throws {
    let picture = Self.slope(width, height)
    let back = try decode(picture.jpeg(quality: 95))
    #expect(back.size == picture.size && back.channels == 3)
    let errors = zip(back.bytes, picture.bytes).map { abs(Int($0) - Int($1)) }
    #expect(Double(errors.reduce(0, +)) / Double(errors.count) < 3)
  }

  /// Colours are as fine as light: a red and a green pixel side by side do not become brown.
  @Test func colorIsNotCoarser() throws {
    let bytes: [UInt8] = (0..<64).flatMap { $0 % 2 == 0 ? [200, 60, 60] : [60, 130, 60] }
    let picture = Picture(width: 8, height: 8, bytes: bytes)
    let back = try decode(picture.jpeg(quality: 100))
    #expect(zip(back.bytes, bytes).allSatisfy { abs(Int($0) - Int($1)) <= 4 })
  }

  @Test func lowerQualityIsSmaller() throws {
    let picture = PNGTests.random(64, 64, channels: 3, seed: 1)
    #expect(try picture.jpeg(quality: 50).count < picture.jpeg(quality: 92).count)
  }

  @Test func alphaIsDropped() throws {
    #expect(
      try decode(Self.slope(9, 9, channels: 4).jpeg(quality: 90))
        == decode(Self.slope(9, 9).jpeg(quality: 90)))
  }
}
