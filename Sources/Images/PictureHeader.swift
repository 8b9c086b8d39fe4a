/// A format of picture files, as its content says.
package enum PictureFormat: String, Hashable, Sendable, CustomStringConvertible {
  case png = "PNG"
  case jpeg = "JPEG"
  case webp = "WebP"
  case bmp = "BMP"

  package var description: String { rawValue }

  /// The format of a file that begins so; nil for anything else.
  package init?(recognizing bytes: RawSpan) {
    if bytes.byte(at: 0) == 0x89, bytes.holds("PNG\r\n\u{1A}\n", at: 1) {
      self = .png
    } else if bytes.bigEndian16(at: 0) == 0xFFD8, bytes.byte(at: 2) == 0xFF {
      self = .jpeg
    } else if bytes.holds("RIFF", at: 0), bytes.holds("WEBP", at: 8) {
      self = .webp
    } else if bytes.holds("BM", at: 0) {
      self = .bmp
    } else {
      return nil
    }
  }
}

/// What a picture file says of itself, read without decoding a pixel.
package struct PictureHeader: Hashable, Sendable {
  package let format: PictureFormat

  /// As stored, in pixels; `displayWidth` is after turning.
  package let width: Int

  /// As stored, in pixels.
  package let height: Int

  /// That a decoder makes of it: 4 for CMYK JPEGs and for files with alpha, else 3.
  package let channels: Int

  /// How a viewer turns it: EXIF's 1...8.
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
    guard let format = PictureFormat(recognizing: bytes) else {
      if let name = ForeignPicture.name(of: bytes) { throw .foreign(name) }
      throw .notAPicture(firstBytes: (0..<8).compactMap { bytes.byte(at: $0) })
    }
    let found: Fields? =
      switch format {
      case .png: PNGFile.header(bytes)
      case .jpeg: JPEGFile.header(bytes)
      case .webp: try WebPFile.header(bytes)
      case .bmp: try Bitmap(bytes)?.header
      }
    guard let found else { throw .headerCutShort(format, fileBytes: bytes.byteCount) }
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

  /// What each format's reader finds.
  struct Fields {
    let width: Int
    let height: Int
    let channels: Int
    var orientation = Orientation.upright
    var hasPalette = false
  }
}
