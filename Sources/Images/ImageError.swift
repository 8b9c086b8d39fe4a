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
