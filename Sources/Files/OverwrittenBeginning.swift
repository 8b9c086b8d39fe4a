import Glibc

/// Replaces the first bytes of a file and syncs it; the rest stays as it is.
///
/// Not atomic: for a few kilobytes whose place in the file cannot change.
package func overwriteBeginning(of path: String, with bytes: RawSpan) throws(FileError) {
  let descriptor = uninterrupted { unsafe open(path, O_WRONLY | O_CLOEXEC) }
  guard descriptor >= 0 else { throw .lastCall("write", on: path) }
  defer { close(descriptor) }
  try write(bytes, to: descriptor, at: 0, path: path)
  guard uninterrupted({ fsync(descriptor) }) == 0 else { throw .lastCall("sync", on: path) }
}
