import Glibc

/// Makes a folder and those above it; one that is there is left as it is.
package func makeFolder(_ path: String) throws(FileError) {
  try makeFolder(path) { _ in }
}

/// - Parameter note: Called with each folder that was made, those above first.
func makeFolder(_ path: String, _ note: (String) -> Void) throws(FileError) {
  if FileKind(path: path) == .folder { return }
  let parent = Path(path).folder
  if parent != path { try makeFolder(parent, note) }
  if unsafe mkdir(path.systemName, 0o777) == 0 {
    note(path)
  } else if errno != EEXIST {
    throw .lastCall("make the folder", on: path)
  }
}

/// Whether two paths lead to one file or folder.
package func isSameFile(_ a: String, _ b: String) -> Bool {
  guard let a = FileIdentity(path: a), let b = FileIdentity(path: b) else { return false }
  return a.isSameFile(as: b)
}

/// Copies a file's bytes as they are; the copy appears whole or not at all.
func copyFile(_ source: String, to target: String) throws(FileError) {
  let draft = try Draft(of: target)
  try copyBytes(of: source, to: draft)
  try draft.publish()
}

/// Copies a file's bytes to a new name, which is that of a folder's draft.
func copyBytes(of source: String, to draft: Draft, as name: String) throws(FileError) {
  try copyBytes(of: source, to: draft)
  try draft.sync()
  try draft.publish(as: name)
}

private func copyBytes(of source: String, to draft: Draft) throws(FileError) {
  let descriptor = uninterrupted { unsafe open(source.systemName, O_RDONLY | O_CLOEXEC) }
  guard descriptor >= 0 else { throw .lastCall("open", on: source) }
  defer { close(descriptor) }
  while true {
    let count = uninterrupted { sendfile(draft.descriptor, descriptor, nil, 1 << 30) }
    if count == 0 { return }
    if count < 0 { throw .lastCall("copy", on: draft.path) }
  }
}

/// Removes a file; what is not there is no error.
package func remove(at path: String) throws(FileError) {
  guard unsafe unlink(path.systemName) == 0 || errno == ENOENT else {
    throw .lastCall("remove", on: path)
  }
}

/// Removes some files of a folder, and the folder unless it holds others; what is not there is no
/// error.
///
/// A folder that holds no others loses its name first, so that no part of it is left under that.
package func removeFolder(at path: String, files: [String]) throws(FileError) {
  guard FileKind(path: path) == .folder else { return }
  var place = path
  if Set(try names(inFolder: path)).isSubset(of: files) {
    let name = Leftover.newName(in: Path(path).folder)
    if unsafe rename(path.systemName, name.systemName) == 0 { place = name }
  }
  for file in files { try remove(at: "\(place)/\(file)") }
  guard unsafe rmdir(place.systemName) == 0 || errno == ENOTEMPTY else {
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

/// The files and folders below a folder that match a pattern of the shell, the last name first.
///
/// - Parameter pattern: A path such as `python3*/site-packages`.
package func paths(in folder: String, matching pattern: String) -> [String] {
  // The folder's own name is taken as it is.
  let literal = folder.map { "*?[\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
  var matches = unsafe glob_t()
  defer { unsafe globfree(&matches) }
  guard unsafe glob("\(literal)/\(pattern)".systemName, 0, nil, &matches) == 0 else { return [] }
  return (0..<Int(unsafe matches.gl_pathc)).compactMap { index in
    unsafe matches.gl_pathv[index].map { unsafe name($0) }
  }.reversed()
}

/// A new folder under a name that nobody else uses; it goes with the last reference unless it
/// holds something.
package final class PrivateFolder: Sendable {
  package let path: String
  private let leftover: Leftover

  /// - Parameter prefix: What the folder's path begins with; six characters follow.
  package init(prefix: String) throws(FileError) {
    var template = (prefix + "XXXXXX").systemName
    guard unsafe mkdtemp(&template) != nil else {
      throw .lastCall("make a folder", on: prefix + "…")
    }
    let end = template.dropLast().suffix(6).map(UInt8.init(bitPattern:))
    path = prefix + String(decoding: end, as: UTF8.self)
    leftover = Leftover(folder: path)
  }

  /// Removes the folder unless it holds something.
  package func removeIfEmpty() { unsafe _ = rmdir(path.systemName) }
}
