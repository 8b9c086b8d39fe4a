import Glibc

/// Makes a folder, unless it is there; its parent must be.
package func createFolder(at path: String) throws(FileError) {
  guard unsafe mkdir(path, 0o777) != 0, errno != EEXIST || FileKind(path: path) != .folder else {
    return
  }
  throw .lastCall("create the folder", on: path)
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
