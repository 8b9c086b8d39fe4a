import Glibc

/// The path that symbolic links lead to, whether or not a file is there.
///
/// Unlike `realpath` this follows a link to what does not exist yet. Links among the folders of
/// the path are left to the system.
///
/// - Throws: Where links lead round and round.
func followingLinks(_ path: String) throws(FileError) -> String {
  var target = path
  for _ in 0..<40 {  // as many as the system follows
    guard let link = destination(ofLink: target) else { return target }
    target = link.hasPrefix("/") ? link : "\(Path(target).folder)/\(link)"
  }
  throw FileError(path, .system(call: "write", errno: ELOOP))
}

/// Where a symbolic link says that it leads; nil for what is none.
package func destination(ofLink path: String) -> String? {
  var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
  let count = unsafe readlink(path.systemName, &bytes, bytes.count)
  let units = bytes.prefix(max(count, 0)).map(UInt8.init(bitPattern:))
  return units.isEmpty ? nil : name(units)
}

/// The path of what is there, without links, `.` and `..`; nil where nothing is.
package func resolved(_ path: String) -> String? {
  guard let bytes = unsafe realpath(path.systemName, nil) else { return nil }
  defer { unsafe free(bytes) }
  return unsafe name(bytes)
}

/// Whether a path, of something that is there or is to be made, lies below a folder.
package func isBelow(_ path: String, _ other: String) -> Bool {
  guard let other = resolved(other) else { return false }
  var (known, missing) = (path, 0)
  while resolved(known) == nil, known != ".", known != "/" {
    (known, missing) = (Path(known).folder, missing + 1)
  }
  guard let known = resolved(known) else { return false }
  let isThere = known == other && missing > 0
  return isThere || other == "/" || known.utf8.starts(with: (other + "/").utf8)
}
