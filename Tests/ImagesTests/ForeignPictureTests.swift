import Testing

@testable import Images

@Suite struct ForeignPictureTests {
  static func media(_ brand: String) -> [UInt8] { [0, 0, 0, 24] + Array("ftyp\(brand)".utf8) }

  static let files: [(bytes: [UInt8], name: String)] = [
    (Array("GIF89a".utf8), "a GIF"), (Array("GIF87a".utf8), "a GIF"),
    (Array("II*\0".utf8), "a TIFF"), (Array("MM\0*".utf8), "a TIFF"),
    (Array("II+\0".utf8), "a TIFF"), (Array("MM\0+".utf8), "a TIFF"),
    (media("avif"), "an AVIF"), (media("avis"), "an AVIF"), (media("heic"), "a HEIC"),
    (media("heix"), "a HEIC"), (media("hevc"), "a HEIC"), (media("mif1"), "a HEIC"),
    (media("msf1"), "a HEIC"), (media("isom"), "a film"),
    ([0xFF, 0x0A, 0], "a JPEG XL"), ([0, 0, 0, 12] + Array("JXL \r\n".utf8), "a JPEG XL"),
    ([0, 0, 0, 12] + Array("jP  ".utf8), "a JPEG 2000"), ([0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000"),
    (Array("8BPS".utf8), "a Photoshop file"), (Array("gimp xcf v011".utf8), "a GIMP file"),
    (Array("<svg xmlns=".utf8), "an SVG"), (Array("<?xml version='1.0'?>\n<SVG>".utf8), "an SVG"),
    (Array("<!DOCTYPE html>".utf8), "a web page"), (Array("P6 3 3 255\n".utf8), "a PNM"),
    (Array("qoif".utf8), "a QOI"), ([0, 0, 1, 0, 1, 0], "an icon"),
    (Array("%PDF-1.7".utf8), "a PDF"),
    ([0, 5, 0x16, 7, 0, 2], "a macOS companion file (AppleDouble)"),
    (Array("version https://git-lfs.github.com".utf8), "a pointer of Git LFS"),
  ]

  @Test(arguments: files) func isNamedWithWhatToDo(_ file: (bytes: [UInt8], name: String)) {
    let error = #expect(throws: ImageError.self) { try header(file.bytes) }
    #expect(
      error?.description
        == "test: \(file.name), which is not read; save the picture as a PNG (JPEG, WebP and BMP "
        + "are read too)")
  }

  @Test func othersAreNoPictures() {
    let error = #expect(throws: ImageError.self) { try header(Array("Ps and others".utf8)) }
    #expect(error?.description.contains("not a picture (it begins with 50 73 20") == true)
  }

  @Test(arguments: [
    ("palette.png", true, false), ("palette-transparent.png", true, true),
    ("rgb.png", false, false),
    ("rgba.png", false, true), ("grey.bmp", true, false), ("1-bit.bmp", true, false),
    ("rgb.bmp", false, false), ("cmyk.jpg", false, false), ("alpha.webp", false, true),
  ])
  func headerTellsPalettesAndAlpha(name: String, hasPalette: Bool, hasAlpha: Bool) throws {
    let header = try header(fixture(name))
    #expect(header.hasPalette == hasPalette)
    #expect(header.hasAlpha == hasAlpha)
  }

  @Test func transparencyShowsTheBackground() {
    let picture = Picture(
      width: 3, height: 1, channels: 4, bytes: [10, 20, 30, 255, 10, 20, 30, 0, 200, 100, 0, 51])
    #expect(picture.isTransparent)
    // 200 · 0.2 + 255 · 0.8 = 244; 100 · 0.2 + 204 = 224; 204
    #expect(
      picture.composited(over: .white).bytes == [10, 20, 30, 255, 255, 255, 244, 224, 204])
    #expect(picture.composited(over: .black).bytes == [10, 20, 30, 0, 0, 0, 40, 20, 0])
    #expect(!picture.withoutAlpha.isTransparent)
    let opaque = Picture(width: 1, height: 1, channels: 4, bytes: [1, 2, 3, 255])
    #expect(!opaque.isTransparent)
    #expect(opaque.composited(over: .black).bytes == [1, 2, 3])
  }
}
