import Foundation
import Tensors
import TestSupport
import Testing

@testable import Images

/// The pictures of `fixtures/images` and what Pillow reads from them.
struct Expected: Decodable {
  let width: Int
  let height: Int
  let channels: Int
  let bytes: [UInt8]

  var picture: Picture { Picture(width: width, height: height, channels: channels, bytes: bytes) }

  static func all() throws -> [String: Expected] {
    let url = Fixtures.directory.appending(path: "images/expected.json")
    return try JSONDecoder().decode([String: Expected].self, from: Data(contentsOf: url))
  }
}

func fixture(_ name: String) throws -> [UInt8] {
  try Array(Data(contentsOf: Fixtures.directory.appending(path: "images/\(name)")))
}

func decode(_ bytes: [UInt8], _ name: String = "test") throws -> Picture {
  try unsafe Picture(decoding: bytes.span.bytes, file: name)
}

func header(_ bytes: [UInt8]) throws -> PictureHeader {
  try unsafe PictureHeader(bytes.span.bytes, file: "test")
}

@Suite struct DecodingTests {
  static let exact = [
    "rgb.png", "rgba.png", "grey.png", "grey-alpha.png", "grey-1-bit.png", "palette.png",
    "palette-transparent.png", "rgb-16-bit.png", "grey-16-bit.png", "interlaced.png",
    "lossless.webp", "alpha.webp", "rgb.bmp", "grey.bmp", "1-bit.bmp", "rgba.bmp",
    "orientation-1.png", "orientation-2.png", "orientation-3.png", "orientation-4.png",
    "orientation-5.png", "orientation-6.png", "orientation-7.png", "orientation-8.png",
    "orientation-6.webp",
  ]

  @Test(arguments: exact) func isWhatPillowReads(name: String) throws {
    let expected = try #require(try Expected.all()[name])
    #expect(try decode(fixture(name), name) == expected.picture)
  }

  /// Decoders of lossy formats may round differently from version to version.
  @Test(arguments: [
    "rgb.jpg", "grey.jpg", "progressive.jpg", "cmyk.jpg", "orientation-6.jpg", "lossy.webp",
  ])
  func isNearlyWhatPillowReads(name: String) throws {
    let expected = try #require(try Expected.all()[name])
    let picture = try decode(fixture(name), name)
    #expect(picture.width == expected.width && picture.height == expected.height)
    let worst = zip(picture.bytes, expected.bytes).map { abs(Int($0) - Int($1)) }.max()
    #expect(try #require(worst) <= 2)
  }

  @Test(arguments: ["orientation-6.jpg", "orientation-8.png", "orientation-6.webp"])
  func headerSaysHowItIsShown(name: String) throws {
    let header = try header(fixture(name))
    let picture = try decode(fixture(name), name)
    #expect(header.orientation != .upright)
    #expect((header.displayWidth, header.displayHeight) == (picture.width, picture.height))
  }

  @Test func animationIsRefused() throws {
    let bytes = try fixture("animated.webp")
    #expect(throws: ImageError(file: "a.webp", reason: .animation)) { try decode(bytes, "a.webp") }
  }

  @Test func otherFilesAreRefusedByName() {
    #expect(throws: ImageError(file: "a.txt", reason: .notAPicture(firstBytes: [104, 105]))) {
      try decode(Array("hi".utf8), "a.txt")
    }
    #expect(throws: ImageError(file: "e", reason: .notAPicture(firstBytes: []))) {
      try decode([], "e")
    }
  }

  @Test func hugeClaimsAreRefused() throws {
    var bytes = try fixture("rgb.png")
    for index in 16..<24 { bytes[index] = 0x7F }
    let side = 0x7F7F_7F7F
    #expect(throws: ImageError(file: "b", reason: .tooManyPixels(width: side, height: side))) {
      try decode(bytes, "b")
    }
  }

  /// Cut at any byte: an error or, where only what follows the pixels is gone, the picture.
  @Test(arguments: exact + ["rgb.jpg", "progressive.jpg", "cmyk.jpg", "lossy.webp"])
  func truncatedFilesAreRefused(name: String) throws {
    let whole = try fixture(name)
    let picture = try decode(whole)
    for count in 0..<whole.count {
      guard let cut = try? decode(Array(whole[..<count])) else { continue }
      #expect(cut.bytes.count == picture.bytes.count && count > whole.count - 24)
    }
  }

  /// Any byte changed: never a crash, and a picture that is read has the size it claims.
  @Test(arguments: exact + ["rgb.jpg", "progressive.jpg", "cmyk.jpg", "lossy.webp"])
  func damagedFilesDoNotCrash(name: String) throws {
    let whole = try fixture(name)
    var generator = Philox(seed: 7, stream: 0)
    for _ in 0..<300 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(
          in: 0...255, using: &generator)
      }
      guard let header = try? header(bytes), header.width * header.height < 1 << 20,
        let picture = try? decode(bytes)
      else { continue }
      #expect((header.displayWidth, header.displayHeight) == (picture.width, picture.height))
    }
  }
}
