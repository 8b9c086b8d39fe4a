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
    switch status(of: path).map({ $0.st_mode & S_IFMT }) {
    case nil: self = .missing
    case S_IFREG: self = .file
    case S_IFDIR: self = .folder
    default: self = .stream
    }
  }

  package var isRegular: Bool { self == .file }
}

/// The system's answer about what a path leads to, through symbolic links; nil where nothing is.
func status(of path: String) -> stat? {
  var status = stat()
  return unsafe stat(path.systemName, &status) == 0 ? status : nil
}

/// The bytes of a file; nil where there is none.
package func byteCount(ofFile path: String) -> Int? {
  guard let status = status(of: path), status.st_mode & S_IFMT == S_IFREG else { return nil }
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

/// Which file it is, and the signs that somebody has written it since.
struct FileIdentity: Hashable {
  private let device: UInt
  private let index: UInt
  let byteCount: Int
  private let seconds: Int
  private let nanoseconds: Int

  init(_ status: stat) {
    device = UInt(status.st_dev)
    index = UInt(status.st_ino)
    byteCount = Int(status.st_size)
    seconds = Int(status.st_mtim.tv_sec)
    nanoseconds = Int(status.st_mtim.tv_nsec)
  }

  /// Of an open file.
  init?(_ descriptor: Int32) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Of what a path leads to.
  init?(path: String) {
    guard let status = status(of: path) else { return nil }
    self.init(status)
  }

  /// Whether it is the same file, written since or not.
  func isSameFile(as other: FileIdentity) -> Bool {
    device == other.device && index == other.index
  }
}

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
