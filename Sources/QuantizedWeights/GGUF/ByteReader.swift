import Files

/// Reads little-endian numbers and strings of a file in sequence.
struct ByteReader {
  /// The reason why bytes are invalid.
  struct Failure: Error {
    let detail: String

    init(_ detail: String) { self.detail = detail }
  }

  private let file: MappedFile
  private(set) var position = 0

  /// The buffered range of the file, and its offset.
  private var window: [UInt8] = []
  private var windowStart = 0

  init(_ file: MappedFile) { self.file = file }

  var byteCount: Int { file.byteCount }

  private static let windowByteCount = 1 << 16

  mutating func bytes(_ count: Int) throws(Failure) -> ArraySlice<UInt8> {
    guard count >= 0, count <= byteCount - position else {
      throw Failure("ends within its header; is the download complete?")
    }
    if position + count > windowStart + window.count {
      let end = min(position + max(count, Self.windowByteCount), byteCount)
      window = file.withBytes { bytes in
        unsafe bytes.extracting(position..<end).withUnsafeBytes { unsafe Array($0) }
      }
      windowStart = position
    }
    defer { position += count }
    return window[position - windowStart..<position - windowStart + count]
  }

  mutating func integer<Number: FixedWidthInteger>(
    _ type: Number.Type
  ) throws(Failure) -> Number {
    let bytes = try bytes(Number.bitWidth / 8)
    var number: Number.Magnitude = 0
    for (index, byte) in bytes.enumerated() {
      number |= Number.Magnitude(truncatingIfNeeded: byte) << (8 * index)
    }
    return Number(truncatingIfNeeded: number)
  }

  /// Reads a count of items that take at least `width` bytes each.
  mutating func count(atLeast width: Int) throws(Failure) -> Int {
    let claimed = try integer(UInt64.self)
    guard let count = Int(exactly: claimed), count <= (byteCount - position) / width else {
      throw Failure("claims \(claimed) entries in its header, more than fit; is the file damaged?")
    }
    return count
  }

  mutating func string() throws(Failure) -> String {
    let text = try bytes(try count(atLeast: 1))
    guard let string = String(validating: text, as: UTF8.self) else {
      throw Failure("has a string in its header that is not UTF-8; is the file damaged?")
    }
    return string
  }
}
