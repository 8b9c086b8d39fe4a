import CNettle

/// A SHA-256 in the making (FIPS 180-4), by nettle.
package struct SHA256 {
  private var context = sha256_ctx()

  package init() { unsafe nettle_sha256_init(&context) }

  package mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { source in
      unsafe nettle_sha256_update(
        &context, source.count, source.assumingMemoryBound(to: UInt8.self).baseAddress)
    }
  }

  /// The digest in 64 lower-case hexadecimal digits; the next one begins from nothing.
  package mutating func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe nettle_sha256_digest(&context, 32, &digest)
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package static func hex(of bytes: RawSpan) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }
}

extension MappedFile {
  /// The SHA-256 of everything from an offset on; what has been hashed does not stay in memory.
  package func sha256(from offset: Int) -> String {
    var hash = SHA256()
    var position = offset
    while position < byteCount {
      let end = min(position + hashedPieceBytes, byteCount)
      withBytes { hash.update($0.extracting(position..<end)) }
      release(position..<end)
      position = end
    }
    return hash.finish()
  }
}

extension OutputFile {
  /// The SHA-256 of everything written so far from an offset on.
  package func sha256(from offset: Int) throws(FileError) -> String {
    var hash = SHA256()
    var position = offset
    while true {
      let piece = try contents(in: position..<position + hashedPieceBytes)
      if piece.isEmpty { return hash.finish() }
      unsafe hash.update(piece.span.bytes)
      position += piece.count
    }
  }
}

private let hashedPieceBytes = 1 << 20
