import Glibc

/// What a path leads to.
package enum FileKind: Hashable, Sendable {
  case missing
  case file
  case folder

  /// A pipe, a terminal, a device: something without an end to seek to.
  case stream

  /// Follows symbolic links.
  package init(path: String) {
    var status = stat()
    guard unsafe stat(path.systemName, &status) == 0 else {
      self = .missing
      return
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: self = .file
    case S_IFDIR: self = .folder
    default: self = .stream
    }
  }

  package var isRegular: Bool { self == .file }
}

/// The bytes of a file; nil where there is none.
package func byteCount(ofFile path: String) -> Int? {
  var status = stat()
  guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
  return Int(status.st_size)
}

/// The names in a folder, sorted by their bytes, without `.` and `..`.
package func names(inFolder path: String) throws(FileError) -> [String] {
  guard let folder = unsafe opendir(path.systemName) else { throw .lastCall("list", on: path) }
  defer { unsafe closedir(folder) }
  var names: [String] = []
  while let entry = unsafe readdir(folder) {
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe Files.name($0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted { precedes($0.systemName, $1.systemName) }
}

private func precedes(_ a: [CChar], _ b: [CChar]) -> Bool { unsafe strcmp(a, b) < 0 }
