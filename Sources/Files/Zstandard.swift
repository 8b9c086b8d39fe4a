import CZstd
import Glibc

/// Zstandard frames (RFC 8878), by libzstd.
enum Zstandard {
  /// Whether bytes begin with a frame, or with one to be skipped (which `pzstd` puts first).
  ///
  /// Neither can begin a safetensors file: its header would be longer than 400 MB.
  static func isCompressed(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= 4 else { return false }
    let magic = UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(as: UInt32.self))
    return magic == ZSTD_MAGICNUMBER
      || magic & ZSTD_MAGIC_SKIPPABLE_MASK == ZSTD_MAGIC_SKIPPABLE_START
  }

  /// Frames being decompressed, as their bytes come.
  @safe final class Frames {
    private let path: String
    private let stream: OpaquePointer

    /// 0 between two frames.
    private var status = 0

    init(path: String) throws(FileError) {
      guard let stream = unsafe ZSTD_createDStream() else {
        throw FileError(path, .system(call: "get memory to decompress", errno: ENOMEM))
      }
      self.path = path
      unsafe self.stream = stream
      // `zstd --ultra --long=31` looks back as far as 2 GB.
      unsafe ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 31)
    }

    deinit { unsafe ZSTD_freeDStream(stream) }

    /// Decompresses a megabyte or so.
    ///
    /// - Returns: Whether all came out that the bytes given hold.
    func decompress(
      _ source: RawSpan, from position: inout Int, into bytes: inout GrowingBytes
    ) throws(FileError) -> Bool {
      var isFull = false
      _ = try unsafe bytes.append(atMost: Self.pieceByteCount, path: path) { free in
        unsafe source.withUnsafeBytes { source in
          var input = unsafe ZSTD_inBuffer(
            src: source.baseAddress, size: source.count, pos: position)
          var output = unsafe ZSTD_outBuffer(
            dst: free.baseAddress, size: min(free.count, Self.pieceByteCount), pos: 0)
          status = unsafe ZSTD_decompressStream(stream, &output, &input)
          position = unsafe input.pos
          isFull = unsafe output.pos == output.size
          return unsafe output.pos
        }
      }
      if ZSTD_isError(status) != 0 {
        throw FileError(path, .badCompression(detail: name(ofError: status)))
      }
      // At the end of a frame nothing is held back.
      return position == source.byteCount && !(isFull && status != 0)
    }

    /// Throws where the bytes end in the middle of a frame.
    func checkEnd() throws(FileError) {
      if status != 0 {
        throw FileError(path, .badCompression(detail: "the data end in the middle of a frame"))
      }
    }

    private static let pieceByteCount = 1 << 20
  }

  /// Compresses bytes, giving what comes out to `write` piece by piece.
  ///
  /// At least one worker is always used, so that the number of threads does not change the bytes.
  static func compress(
    _ bytes: RawSpan, threads: Int, path: String,
    write: (RawSpan) throws(FileError) -> Void
  ) throws(FileError) {
    guard let context = unsafe ZSTD_createCCtx() else {
      throw FileError(path, .system(call: "get memory to compress", errno: ENOMEM))
    }
    defer { unsafe ZSTD_freeCCtx(context) }
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 3)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, Int32(max(1, threads)))
    unsafe ZSTD_CCtx_setPledgedSrcSize(context, UInt64(bytes.byteCount))

    let pieceBytes = 1 << 20
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 64)
    defer { unsafe piece.deallocate() }
    var position = 0
    var remaining = 1
    while remaining != 0 {
      var output = unsafe ZSTD_outBuffer(dst: piece.baseAddress, size: pieceBytes, pos: 0)
      remaining = unsafe bytes.withUnsafeBytes { source in
        var input = unsafe ZSTD_inBuffer(
          src: source.baseAddress, size: source.count, pos: position)
        defer { unsafe position = input.pos }
        return unsafe ZSTD_compressStream2(context, &output, &input, ZSTD_e_end)
      }
      if ZSTD_isError(remaining) != 0 {
        throw FileError(path, .cannotCompress(detail: name(ofError: remaining)))
      }
      try write(unsafe UnsafeRawBufferPointer(rebasing: piece[..<output.pos]).bytes)
    }
  }

  fileprivate static func name(ofError code: Int) -> String {
    unsafe String(cString: ZSTD_getErrorName(code)).lowercased()
  }
}
