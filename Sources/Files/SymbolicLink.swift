import Glibc

/// The path that symbolic links lead to, whether or not a file is there.
///
/// Unlike `realpath` this follows a link to what does not exist yet. Links among the folders of
/// the path are left to the system.
func followingLinks(_ path: String) -> String {
  var target = path
  for _ in 0..<40 {  // as many as the system follows
    guard let link = destination(ofLink: target) else { return target }
    target = link.hasPrefix("/") ? link : "\(folder(of: target))/\(link)"
  }
  return path
}

/// The folder that holds what a path names; `.` for a name alone.
func folder(of path: String) -> String {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

private func destination(ofLink path: String) -> String? {
  var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
  let count = unsafe readlink(path, &bytes, bytes.count)
  let units = bytes.prefix(max(count, 0)).map(UInt8.init(bitPattern:))
  return units.isEmpty ? nil : String(decoding: units, as: UTF8.self)
}
