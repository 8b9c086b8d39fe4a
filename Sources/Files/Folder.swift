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

/// Removes a file, or a folder with the files in it; what is not there is no error.
package func remove(at path: String) throws(FileError) {
  if FileKind(path: path) == .folder {
    for name in try names(inFolder: path) { try unlink(path + "/" + name) }
    guard unsafe rmdir(path) == 0 else { throw .lastCall("remove", on: path) }
  } else {
    try unlink(path)
  }
}

private func unlink(_ path: String) throws(FileError) {
  guard unsafe Glibc.unlink(path) == 0 || errno == ENOENT else {
    throw .lastCall("remove", on: path)
  }
}
