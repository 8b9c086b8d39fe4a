/// Why a file is not a picture that we can use.
package struct ImageError: Error, Hashable {
  package enum Reason: Error, Hashable {
    case notAPicture(firstBytes: [UInt8])

    /// One that is recognised and not read, with its article: `a GIF`.
    case foreign(String)
    case headerCutShort(PictureFormat, fileBytes: Int)
    case noPixels(width: Int, height: Int)
    case tooManyPixels(width: Int, height: Int)
    case notDecoded(PictureFormat, String)
    case notEncoded(String)
    case animation
    case bitmap(String)
  }

  package let file: String
  package let reason: Reason
}

extension ImageError: CustomStringConvertible {
  package var description: String { "\(file): \(reason)" }
}

extension ImageError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAPicture(let firstBytes):
      firstBytes.isEmpty
        ? "the file is empty; give a \(PictureFormat.names("or")) picture"
        : "not a picture (it begins with \(Self.hexadecimal(firstBytes))); "
          + "give a \(PictureFormat.names("or")) picture"
    case .foreign(let name):
      "\(name), which is not read; save the picture as a PNG "
        + "(\(PictureFormat.names("and", in: PictureFormat.all.dropFirst())) are read too)"
    case .headerCutShort(let format, let fileBytes):
      "the \(format) ends or breaks off within its header (\(fileBytes) bytes); "
        + "is the download complete?"
    case .noPixels(let width, let height):
      "a picture of \(width) × \(height) has no pixels; give another"
    case .tooManyPixels(let width, let height):
      "\(width) × \(height) pixels are more than \(Picture.pixelLimit / 1_000_000) million; "
        + "make it smaller first"
    case .notDecoded(let format, let text):
      "damaged \(format): \(text); is the download complete?"
    case .notEncoded(let text):
      "cannot be written as PNG: \(text)"
    case .animation:
      "an animated WebP; save the one frame that is wanted as a PNG"
    case .bitmap(let text):
      "a BMP with \(text), which is not read; save it as a PNG"
    }
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

/// Files that errors name and that are not read: pictures of other formats, and files that are often
/// taken for pictures.
enum ForeignPicture {
  /// The kind of a file, with its article: `a GIF`; nil for one that is not recognised.
  static func name(of bytes: RawSpan) -> String? {
    if let brand = brand(bytes) { return brand }
    if let found = signatures.first(where: { bytes.holds($0.bytes, at: $0.offset) }) {
      return found.name
    }
    return text(bytes)
  }

  private struct Signature {
    let name: String
    let offset: Int
    let bytes: [UInt8]

    init(_ name: String, _ bytes: some Sequence<UInt8>, at offset: Int = 0) {
      (self.name, self.bytes, self.offset) = (name, Array(bytes), offset)
    }
  }

  private static let signatures = [
    Signature("a GIF", "GIF8".utf8), Signature("a TIFF", "II*\0".utf8),
    Signature("a TIFF", "MM\0*".utf8),
    Signature("a TIFF", "II+\0".utf8), Signature("a TIFF", "MM\0+".utf8),
    Signature("a JPEG XL", [0xFF, 0x0A]), Signature("a JPEG XL", "JXL ".utf8, at: 4),
    Signature("a JPEG 2000", "jP  ".utf8, at: 4),
    Signature("a JPEG 2000", [0xFF, 0x4F, 0xFF, 0x51]),
    Signature("a Photoshop file", "8BPS".utf8), Signature("a GIMP file", "gimp xcf".utf8),
    Signature("an OpenEXR", [0x76, 0x2F, 0x31, 0x01]),
    Signature("a Radiance HDR", "#?RADIANCE".utf8),
    Signature("a DDS", "DDS ".utf8), Signature("a QOI", "qoif".utf8),
    Signature("an icon", [0, 0, 1, 0]),
    Signature("a PDF", "%PDF".utf8),
    Signature("a macOS companion file (AppleDouble)", [0x00, 0x05, 0x16, 0x07]),
    Signature("a zip archive", "PK\u{3}\u{4}".utf8),
    Signature("a pointer of Git LFS", "version https://git-lfs".utf8),
  ]

  /// Formats in ISO's media container, which names its brand behind `ftyp`.
  private static func brand(_ bytes: RawSpan) -> String? {
    guard bytes.holds("ftyp", at: 4) else { return nil }
    if ["avif", "avis"].contains(where: { bytes.holds($0, at: 8) }) { return "an AVIF" }
    // heic, heix, heim, heis, hevc …, and HEIF's general brands.
    let isHEIF = ["he", "mif1", "msf1"].contains { bytes.holds($0, at: 8) }
    return isHEIF ? "a HEIC" : "a film"
  }

  /// Formats that are text: SVG, PNM, and the page that a server sends in place of a picture.
  private static func text(_ bytes: RawSpan) -> String? {
    let beginning = String(
      decoding: (0..<min(512, bytes.byteCount)).compactMap { bytes.byte(at: $0) }, as: UTF8.self
    ).lowercased()
    if beginning.contains("<svg") { return "an SVG" }
    if beginning.contains("<html") || beginning.contains("<!doctype html") { return "a web page" }
    guard bytes.byte(at: 0) == UInt8(ascii: "P"), let kind = bytes.byte(at: 1),
      let space = bytes.byte(at: 2)
    else { return nil }
    return 0x31...0x37 ~= kind && [0x0A, 0x0D, 0x20].contains(space) ? "a PNM" : nil
  }
}
