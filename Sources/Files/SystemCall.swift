import Glibc

/// Makes a system call, again where a signal interrupted it.
func uninterrupted<Count: SignedInteger>(_ call: () -> Count) -> Count {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}

/// Writes all of some bytes at an offset of an open file.
///
/// - Parameter path: Named in errors.
func write(
  _ bytes: RawSpan, to descriptor: Int32, at offset: Int, path: String
) throws(FileError) {
  var written = 0
  while written < bytes.byteCount {
    let rest = bytes.extracting(written...)
    let count = unsafe rest.withUnsafeBytes { source in
      uninterrupted {
        unsafe pwrite(descriptor, source.baseAddress, source.count, off_t(offset + written))
      }
    }
    guard count > 0 else { throw .lastCall("write", on: path) }
    written += count
  }
}
