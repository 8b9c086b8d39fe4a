import CommandSupport
import FoundationEssentials
import Images

/// Pictures as parts of a page, all in one format.
struct EmbeddedPictures {
  /// The bytes of PNG files up to which pictures are embedded exactly.
  static let exactLimit = 8_000_000

  private static let quality = 92

  /// Whether they are PNG.
  let isExact: Bool

  /// - Complexity: Packs pictures until the limit is reached.
  init(_ pictures: [Picture], exactLimit: Int = exactLimit) throws(ImageError) {
    var byteCount = 0
    for picture in pictures where byteCount <= exactLimit {
      byteCount += try picture.png().count
    }
    isExact = byteCount <= exactLimit
  }

  /// The attributes of an `img`: its size and its source.
  func attributes(_ picture: Picture) throws(ImageError) -> HTML {
    let bytes = try isExact ? picture.png() : picture.jpeg(quality: Self.quality)
    let data = HTML(stringLiteral: Data(bytes).base64EncodedString())
    return """
      width="\(picture.width)" height="\(picture.height)" decoding="sync" draggable="false" \
      src="data:image/\(isExact ? "png" : "jpeg");base64,\(data)"
      """
  }

  /// A sentence for the foot of the page; empty where pictures are exact.
  var note: String {
    isExact
      ? ""
      : "Its pictures are JPEG of quality \(Self.quality): as PNG they would be more than "
        + "\(bytes(Self.exactLimit))."
  }
}
