extension PictureFormat {
  static let bmp: PictureFormat = PictureFormat(
    name: "BMP", endings: [".bmp"],
    recognizes: { $0.holds("BM", at: 0) },
    header: { (bytes) throws(ImageError.Reason) in try Bitmap(bytes)?.header },
    picture: { (bytes, _) throws(ImageError.Reason) in
      guard let bitmap = try Bitmap(bytes) else {
        throw .headerCutShort(.bmp, fileBytes: bytes.byteCount)
      }
      return try bitmap.picture(bytes)
    })
}

/// A Windows bitmap's header: where its pixels lie and what they mean.
///
/// Reads uncompressed pictures of 1, 4, 8, 16, 24 and 32 bits per pixel, with OS/2's short header
/// and with Windows' up to version 5; run-length coding is refused.
private struct Bitmap {
  /// Bit masks of red, green, blue and alpha; a mask of 0 is a channel that is not there.
  typealias Masks = SIMD4<UInt32>

  private let width: Int
  private let height: Int
  private let isTopDown: Bool
  private let bitsPerPixel: Int
  private let masks: Masks
  private let palette: [Color]
  private let pixelOffset: Int

  var header: PictureHeader.Fields {
    PictureHeader.Fields(
      width: width, height: height, channels: hasAlpha ? 4 : 3, hasPalette: bitsPerPixel <= 8)
  }

  private var hasAlpha: Bool { masks.w != 0 }

  /// Bytes from one row to the next: rows end at multiples of four.
  private var rowBytes: Int { (width * bitsPerPixel + 31) / 32 * 4 }

  /// Reads the header; nil where the file ends within it.
  init?(_ bytes: RawSpan) throws(ImageError.Reason) {
    guard let pixelOffset = bytes.littleEndian32(at: 10),
      let headerBytes = bytes.littleEndian32(at: 14)
    else { return nil }
    self.pixelOffset = pixelOffset
    let isShort = headerBytes == 12
    guard isShort || 40...1024 ~= headerBytes else {
      throw .bitmap("a header of \(headerBytes) bytes")
    }
    guard let size = Self.size(bytes, isShort: isShort),
      let bits = bytes.littleEndian16(at: isShort ? 24 : 28),
      let compression = isShort ? 0 : bytes.littleEndian32(at: 30)
    else { return nil }
    (width, height, isTopDown) = (size.width, abs(size.height), size.height < 0)
    bitsPerPixel = bits
    guard [1, 4, 8, 16, 24, 32].contains(bits) else { throw .bitmap("\(bits) bits a pixel") }
    let hasMasks = compression == 3 || compression == 6
    guard compression == 0 || (hasMasks && bits >= 16 && bits != 24) else {
      throw .bitmap("compression \(compression)")
    }
    guard let masks = hasMasks ? Self.masks(bytes, headerBytes, compression) : Self.usual(bits)
    else { return nil }
    self.masks = masks
    let paletteStart = 14 + headerBytes
    palette =
      bits > 8
      ? []
      : Self.palette(bytes, from: paletteStart, count: 1 << bits, entryBytes: isShort ? 3 : 4)
  }

  private static func size(_ bytes: RawSpan, isShort: Bool) -> (width: Int, height: Int)? {
    if isShort {
      guard let width = bytes.littleEndian16(at: 18), let height = bytes.littleEndian16(at: 20)
      else { return nil }
      return (width, height)
    }
    guard let width = bytes.littleEndian32(at: 18), let height = bytes.littleEndian32(at: 22)
    else { return nil }
    return (
      Int(Int32(truncatingIfNeeded: width)), Int(Int32(truncatingIfNeeded: height))
    )
  }

  /// The masks of files that name none.
  private static func usual(_ bits: Int) -> Masks {
    bits == 16 ? Masks(0x7C00, 0x03E0, 0x001F, 0) : Masks(0xFF_0000, 0xFF00, 0xFF, 0)
  }

  /// The masks that a file names: three after a header of version 3, four in later ones.
  private static func masks(_ bytes: RawSpan, _ headerBytes: Int, _ compression: Int) -> Masks? {
    let count = headerBytes >= 56 || compression == 6 ? 4 : 3
    var masks = Masks()
    for channel in 0..<count {
      guard let mask = bytes.littleEndian32(at: 54 + 4 * channel) else { return nil }
      masks[channel] = UInt32(truncatingIfNeeded: mask)
    }
    return masks
  }

  /// The colours that the file holds, at most `count`.
  private static func palette(
    _ bytes: RawSpan, from start: Int, count: Int, entryBytes: Int
  ) -> [Color] {
    (0..<count).compactMap { index in
      let offset = start + index * entryBytes
      guard let blue = bytes.byte(at: offset), let green = bytes.byte(at: offset + 1),
        let red = bytes.byte(at: offset + 2)
      else { return nil }
      return Color(red, green, blue)
    }
  }

  /// The pixels.
  ///
  /// The header's limits on width and height have been checked.
  func picture(_ bytes: RawSpan) throws(ImageError.Reason) -> Picture {
    guard pixelOffset <= bytes.byteCount, rowBytes * height <= bytes.byteCount - pixelOffset else {
      throw .notDecoded(.bmp, "the file ends early")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * header.channels)
    for y in 0..<height {
      let start = pixelOffset + (isTopDown ? y : height - 1 - y) * rowBytes
      let row = bytes.extracting(start..<start + rowBytes)
      for x in 0..<width { try append(pixel(row, x), to: &pixels) }
    }
    return Picture(width: width, height: height, channels: header.channels, bytes: pixels)
  }

  /// The bits of one pixel; 0 past the end of the row, which cannot be.
  private func pixel(_ row: RawSpan, _ x: Int) -> UInt32 {
    let value: Int? =
      switch bitsPerPixel {
      case 16: row.littleEndian16(at: 2 * x)
      case 24:
        row.littleEndian16(at: 3 * x).flatMap { low in
          row.byte(at: 3 * x + 2).map { Int($0) << 16 | low }
        }
      case 32: row.littleEndian32(at: 4 * x)
      default: packed(row, x)
      }
    return UInt32(truncatingIfNeeded: value ?? 0)
  }

  /// 1, 4 or 8 bits, the leftmost pixel in the highest.
  private func packed(_ row: RawSpan, _ x: Int) -> Int? {
    let perByte = 8 / bitsPerPixel
    let shift = (perByte - 1 - x % perByte) * bitsPerPixel
    return row.byte(at: x / perByte).map { Int($0) >> shift & (1 << bitsPerPixel - 1) }
  }

  private func append(_ pixel: UInt32, to pixels: inout [UInt8]) throws(ImageError.Reason) {
    if bitsPerPixel <= 8 {
      guard pixel < palette.count else {
        throw .notDecoded(.bmp, "colour \(pixel) of a palette of \(palette.count)")
      }
      let color = palette[Int(pixel)]
      pixels += [color.red, color.green, color.blue]
      return
    }
    for channel in 0..<header.channels { pixels.append(Self.level(pixel, masks[channel])) }
  }

  /// The bits under a mask, scaled to 0...255.
  private static func level(_ pixel: UInt32, _ mask: UInt32) -> UInt8 {
    guard mask != 0 else { return 0 }
    let shift = UInt32(mask.trailingZeroBitCount)
    let highest = UInt64(mask >> shift)
    let value = UInt64((pixel & mask) >> shift)
    return UInt8((value * 255 + highest / 2) / highest)
  }
}
