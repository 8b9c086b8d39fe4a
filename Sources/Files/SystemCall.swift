import CFiles
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
    if count < 0, errno == EFAULT { throw fault(in: rest, path: path) }
    written += try advance(count, "write", on: path)
  }
}

/// How many bytes a call wrote that was given some.
///
/// - Parameter count: What it returned. None written is an error too, which `errno` does not tell.
func advance(_ count: Int, _ call: String, on path: String) throws(FileError) -> Int {
  if count < 0 { throw .lastCall(call, on: path) }
  if count == 0 { throw FileError(path, .system(call: call, errno: EIO)) }
  return count
}

/// Why the system could not read bytes that were to be written: a mapped file was cut short.
private func fault(in bytes: RawSpan, path: String) -> FileError {
  let input = unsafe bytes.withUnsafeBytes { unsafe lora_map_path($0.baseAddress) }
  return unsafe input.map { unsafe FileError(name($0), .wasCutShort) }
    ?? .lastCall("write", on: path)
}
