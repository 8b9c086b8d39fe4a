import Tensors
import TestSupport
import Testing

@testable import Images

@Suite struct PNGTests {
  static func random(_ width: Int, _ height: Int, channels: Int, seed: UInt64) -> Picture {
    var generator = Philox(seed: seed, stream: 0)
    let bytes = (0..<width * height * channels).map { _ in
      UInt8.random(in: 0...255, using: &generator)
    }
    return Picture(width: width, height: height, channels: channels, bytes: bytes)
  }

  @Test(arguments: [(1, 1, 3), (7, 5, 3), (5, 7, 4), (257, 3, 4)])
  func comesBackAsWritten(width: Int, height: Int, channels: Int) throws {
    let picture = Self.random(width, height, channels: channels, seed: 1)
    #expect(try decode(picture.png()) == picture)
  }

  @Test(arguments: [
    ("Steps: 20", "tEXt", Array("parameters\0Steps: 20".utf8)),
    ("naïve", "tEXt", Array("parameters\0na".utf8) + [0xEF] + Array("ve".utf8)),
    ("東京", "iTXt", Array("parameters\0\0\0\0\0東京".utf8)),
    ("", "tEXt", Array("parameters\0".utf8)),
  ])
  func textIsWritten(value: String, type: String, data: [UInt8]) throws {
    let file = try Self.random(2, 2, channels: 3, seed: 2).png(texts: [("parameters", value)])
    let chunk = try #require(
      unsafe PNGFile.chunks(file.span.bytes).first {
        String(decoding: file[$0.lowerBound - 4..<$0.lowerBound], as: UTF8.self) == type
      })
    #expect(Array(file[chunk]) == data)
  }

  @Test func sameTextsSameBytes() throws {
    let picture = Self.random(20, 10, channels: 3, seed: 3)
    let texts = [(keyword: "parameters", value: "a"), (keyword: "Software", value: "lora")]
    #expect(try picture.png(texts: texts) == picture.png(texts: texts))
  }
}
