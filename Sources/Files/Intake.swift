/// Bytes that come piece by piece, from a pipe or out of zstd's frames, until their reader knows
/// enough.
struct Intake: ~Copyable {
  let path: String

  /// How many bytes the reader wants, by what is there already; it has enough where that is no
  /// more than are there.
  private let wants: (RawSpan) -> Int
  private var wanted = 0
  private var bytes = GrowingBytes()
  private var frames: Zstandard.Frames?

  /// Whether the bytes given are zstd's, not those held.
  var isCompressed: Bool { frames != nil }

  init(path: String, wants: @escaping (RawSpan) -> Int) {
    self.path = path
    self.wants = wants
  }

  /// Takes a piece; the first one is not shorter than 4 bytes, unless all is.
  ///
  /// - Returns: Whether the reader wants more.
  mutating func take(_ piece: RawSpan, isFirst: Bool) throws(FileError) -> Bool {
    if isFirst && Zstandard.isCompressed(piece) { frames = try Zstandard.Frames(path: path) }
    var position = 0
    while true {
      var isDone: Bool
      if let frames {
        isDone = try frames.decompress(piece, from: &position, into: &bytes)
      } else {
        let count = min(piece.byteCount - position, 1 << 20)
        _ = try unsafe bytes.append(atMost: count, path: path) { free in
          unsafe piece.extracting(position..<position + count).withUnsafeBytes {
            unsafe free.copyMemory(from: $0)
          }
          return count
        }
        position += count
        isDone = position == piece.byteCount
      }
      if try hasEnough() { return false }
      if isDone { return true }
    }
  }

  private mutating func hasEnough() throws(FileError) -> Bool {
    guard bytes.count >= wanted else { return false }
    wanted = bytes.withBytes(wants)
    if wanted <= bytes.count { return true }
    // What is claimed and cannot be held is refused before it is read.
    if wanted != .max { try bytes.reserve(wanted, path: path) }
    return false
  }

  /// - Parameter isWhole: Whether the source came to its end.
  consuming func finish(isWhole: Bool) throws(FileError) -> Memory {
    if isWhole { try frames?.checkEnd() }
    return bytes.finish()
  }
}
