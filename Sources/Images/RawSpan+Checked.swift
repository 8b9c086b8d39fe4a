// Integers out of bytes that a stranger wrote: nil where the bytes end first.
extension RawSpan {
  func byte(at offset: Int) -> UInt8? {
    guard offset >= 0, offset < byteCount else { return nil }
    return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  func bigEndian16(at offset: Int) -> Int? {
    guard let high = byte(at: offset), let low = byte(at: offset + 1) else { return nil }
    return Int(high) << 8 | Int(low)
  }

  func bigEndian32(at offset: Int) -> Int? {
    guard let high = bigEndian16(at: offset), let low = bigEndian16(at: offset + 2) else {
      return nil
    }
    return high << 16 | low
  }

  func littleEndian16(at offset: Int) -> Int? { bigEndian16(at: offset).map(Self.swapped16) }

  func littleEndian32(at offset: Int) -> Int? {
    guard let low = littleEndian16(at: offset), let high = littleEndian16(at: offset + 2) else {
      return nil
    }
    return high << 16 | low
  }

  /// Whether `text`, in ASCII, stands at `offset`.
  func holds(_ text: String, at offset: Int) -> Bool { holds(text.utf8, at: offset) }

  /// Whether these bytes stand at `offset`.
  func holds(_ bytes: some Sequence<UInt8>, at offset: Int) -> Bool {
    var position = offset
    for byte in bytes {
      if self.byte(at: position) != byte { return false }
      position += 1
    }
    return true
  }

  private static func swapped16(_ value: Int) -> Int { (value & 0xFF) << 8 | value >> 8 }
}
