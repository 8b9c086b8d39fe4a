import Glibc

/// Makes a folder and those above it; one that is there is left as it is.
package func makeFolder(_ path: String) throws(FileError) {
  if FileKind(path: path) == .folder { return }
  let parent = folder(of: path)
  if parent != path { try makeFolder(parent) }
  guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else {
    throw .lastCall("make the folder", on: path)
  }
}

/// Whether two paths lead to one file or folder.
package func isSameFile(_ a: String, _ b: String) -> Bool {
  var (first, second) = (stat(), stat())
  guard unsafe stat(a, &first) == 0, unsafe stat(b, &second) == 0 else { return false }
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino
}

/// Copies a file's bytes as they are; the copy appears whole or not at all.
package func copyFile(_ source: String, to target: String) throws(FileError) {
  let descriptor = uninterrupted { unsafe open(source, O_RDONLY | O_CLOEXEC) }
  guard descriptor >= 0 else { throw .lastCall("open", on: source) }
  defer { close(descriptor) }
  let draft = try Draft(of: target)
  while true {
    let count = uninterrupted {
      sendfile(draft.descriptor, descriptor, nil, 1 << 30)
    }
    if count == 0 { break }
    if count < 0 { throw .lastCall("copy", on: target) }
  }
  try draft.publish()
}

/// Removes a file; one that is not there is no error.
package func removeFile(at path: String) throws(FileError) {
  guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .lastCall("remove", on: path) }
}

/// Removes a folder unless it holds something; one that is not there is no error.
package func removeEmptyFolder(at path: String) throws(FileError) {
  guard unsafe rmdir(path) == 0 || [ENOENT, ENOTEMPTY, EEXIST].contains(errno) else {
    throw .lastCall("remove", on: path)
  }
}

/// The path from the root, without links, of what lies in a folder that is there.
///
/// - Parameter name: Of a file that need not be there yet.
package func absolutePath(of name: String, inFolder folder: String) throws(FileError) -> String {
  guard let path = unsafe realpath(folder.isEmpty ? "." : folder, nil) else {
    throw .lastCall("find", on: folder)
  }
  defer { unsafe free(path) }
  return "\(unsafe String(cString: path))/\(name)"
}
