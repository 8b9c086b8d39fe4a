import Images

/// Reads bytes as a picture, with the checks of a PNG's chunks put right; up to a million pixels.
func readPicture(_ bytes: [UInt8]) throws {
  let bytes = withRightChecks(bytes)
  let span = unsafe bytes.span.bytes
  let header = try PictureHeader(span, file: "picture")
  guard header.width * header.height <= 1 << 20 else { return }
  let picture = try Picture(decoding: span, file: "picture")
  precondition(
    picture.width == header.displayWidth && picture.height == header.displayHeight
      && picture.bytes.count == picture.width * picture.height * picture.channels,
    "another picture than its header says")
}

/// Without this, libpng would refuse every changed chunk before it looks inside.
private func withRightChecks(_ bytes: [UInt8]) -> [UInt8] {
  guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return bytes }
  var bytes = bytes
  var offset = 8
  while offset + 12 <= bytes.count {
    let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - offset - 12 else { break }
    let end = offset + 8 + length
    let check = crc(bytes[offset + 4..<end])
    for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: check >> (24 - 8 * index)) }
    offset = end + 4
  }
  return bytes
}

/// The cyclic redundancy check of PNG (ISO 3309).
private func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  var value = UInt32.max
  for byte in bytes {
    value ^= UInt32(byte)
    for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
  }
  return ~value
}
