/// A format of picture files, known by content: how to recognise one, and its two readers.
package struct PictureFormat: Sendable {
  package let name: String

  /// The endings of its files' names, in lower case.
  let endings: [String]

  /// Whether a file that begins so is of this format.
  let recognizes: @Sendable (RawSpan) -> Bool

  /// Reads the header; nil where the file breaks off within it.
  let header: @Sendable (RawSpan) throws(ImageError.Reason) -> PictureHeader.Fields?

  /// Decodes the pixels as stored; the header's limits have been checked.
  let picture: @Sendable (RawSpan, PictureHeader) throws(ImageError.Reason) -> Picture

  /// One entry per file of this folder.
  static let all: [PictureFormat] = [.png, .jpeg, .webp, .bmp]

  /// The endings that files of all formats have.
  package static var endings: [String] { all.flatMap(\.endings) }

  /// `PNG, JPEG, WebP or BMP`.
  static func names(_ conjunction: String, in formats: some Collection<PictureFormat> = all)
    -> String
  {
    let names = formats.map(\.name)
    return "\(names.dropLast().joined(separator: ", ")) \(conjunction) \(names.last ?? "")"
  }
}

extension PictureFormat: Hashable, CustomStringConvertible {
  package var description: String { name }

  package static func == (a: Self, b: Self) -> Bool { a.name == b.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// The header of a picture file, read without decoding a pixel.
package struct PictureHeader: Hashable, Sendable {
  package let format: PictureFormat

  /// The stored width in pixels; `displayWidth` is after turning.
  package let width: Int

  /// The stored height in pixels.
  package let height: Int

  /// Channels that the format's reader yields: 4 for CMYK JPEGs and for files with alpha, else 3.
  package let channels: Int

  /// The turn that a viewer applies: EXIF's 1...8.
  package let orientation: Orientation

  /// Whether its colours are a list of up to 256.
  package let hasPalette: Bool

  /// Whether pixels may be transparent.
  package var hasAlpha: Bool { channels == 4 && format != .jpeg }

  package var displayWidth: Int { orientation.swapsAxes ? height : width }
  package var displayHeight: Int { orientation.swapsAxes ? width : height }

  /// Reads the header of `bytes`; `file` is named in errors.
  package init(_ bytes: RawSpan, file: String) throws(ImageError) {
    do throws(ImageError.Reason) {
      try self.init(bytes)
    } catch {
      throw ImageError(file: file, reason: error)
    }
  }

  private init(_ bytes: RawSpan) throws(ImageError.Reason) {
    guard let format = PictureFormat.all.first(where: { $0.recognizes(bytes) }) else {
      if let name = ForeignPicture.name(of: bytes) { throw .foreign(name) }
      throw .notAPicture(firstBytes: (0..<8).compactMap { bytes.byte(at: $0) })
    }
    guard let found = try format.header(bytes) else {
      throw .headerCutShort(format, fileBytes: bytes.byteCount)
    }
    guard found.width > 0, found.height > 0 else {
      throw .noPixels(width: found.width, height: found.height)
    }
    guard found.height <= Picture.pixelLimit / found.width else {
      throw .tooManyPixels(width: found.width, height: found.height)
    }
    self.format = format
    (width, height, channels) = (found.width, found.height, found.channels)
    orientation = found.orientation
    hasPalette = found.hasPalette
  }

  /// The fields that each format's reader finds.
  struct Fields {
    let width: Int
    let height: Int
    let channels: Int
    var orientation = Orientation.upright
    var hasPalette = false
  }
}
