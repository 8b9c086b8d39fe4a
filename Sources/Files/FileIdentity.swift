import Glibc

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
    var status = stat()
    guard unsafe stat(path.systemName, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Whether it is the same file, written since or not.
  func isSameFile(as other: FileIdentity) -> Bool {
    device == other.device && index == other.index
  }
}
