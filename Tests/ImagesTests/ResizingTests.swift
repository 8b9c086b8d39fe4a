import Foundation
import TestSupport
import Testing

@testable import Images

@Suite struct ResizingTests {
  struct Case: Decodable {
    let channels: Int
    let from: [Int]
    let to: [Int]
    let source: String
    let results: [String: String]

    static func all() throws -> [Case] {
      let url = Fixtures.directory.appending(path: "images/resized.json")
      return try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
    }

    func picture(_ hexadecimal: String, _ size: [Int]) -> Picture {
      let digits = Array(hexadecimal.utf8).map { UInt8($0 > 0x60 ? $0 - 87 : $0 - 48) }
      let bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
      return Picture(width: size[0], height: size[1], channels: channels, bytes: bytes)
    }
  }

  @Test(arguments: [Interpolation.lanczos, .nearest, .linear, .cubic, .area])
  func isWhatTheLibrariesMake(interpolation: Interpolation) throws {
    let cases = try Case.all()
    #expect(cases.count == 13)
    for one in cases {
      let result = one.picture(one.source, one.from)
        .resized(toWidth: one.to[0], height: one.to[1], by: interpolation)
      let expected = try #require(one.results[interpolation.rawValue])
      #expect(result == one.picture(expected, one.to), "\(one.from) to \(one.to)")
    }
  }

  @Test func namesAreSynonyms() {
    let picture = PNGTests.random(9, 7, channels: 3, seed: 4)
    func resized(_ way: Interpolation?, _ width: Int, _ height: Int) -> Picture {
      picture.resized(toWidth: width, height: height, by: way)
    }
    #expect(resized(.linear, 5, 5) == resized(.bilinear, 5, 5))
    #expect(resized(.cubic, 5, 5) == resized(.bicubic, 5, 5))
    #expect(resized(nil, 9, 5) == resized(.area, 9, 5))
    #expect(resized(nil, 10, 5) == resized(.lanczos, 10, 5))
    #expect(resized(nil, 9, 7) == picture)
  }

  @Test func cropsAndMirrors() {
    let picture = Picture(width: 3, height: 2, bytes: Array(0..<18))
    #expect(
      picture.cropped(x: 1, y: 1, width: 2, height: 1)
        == Picture(width: 2, height: 1, bytes: Array(12..<18)))
    #expect(
      picture.mirrored.bytes
        == [6, 7, 8, 3, 4, 5, 0, 1, 2, 15, 16, 17, 12, 13, 14, 9, 10, 11])
  }

  @Test func valuesAreSigned() {
    let picture = Picture(width: 1, height: 1, channels: 4, bytes: [0, 255, 51, 9])
    expect(picture.signedValues.map(Double.init), approximates: [-1, 1, -0.6], within: 1e-6)
  }

  @Test func masksAreCellMeans() {
    let mask = Mask(width: 5, height: 2, values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    // cells of 5 in 2: columns 0..<3 and 2..<5
    #expect(mask.reduced(toWidth: 2, height: 1).values == [3.5, 5.5])
    #expect(mask.reduced(toWidth: 5, height: 2) == mask)
    let opaque = Mask(channel: 3, of: Picture(width: 2, height: 1, filledWith: .black))
    #expect(opaque.values == [1, 1])
    let picture = Picture(width: 1, height: 1, channels: 4, bytes: [255, 0, 0, 51])
    #expect(Mask(channel: 3, of: picture).values == [0.2])
    #expect(Mask(channel: 0, of: picture).values == [1])
  }
}
