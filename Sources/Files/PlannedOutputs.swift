import Glibc

/// What a command will write, looked at before it works, so that no hours are lost.
///
/// One rule for all outputs: a folder that is missing is made; anything else in the way, a disk
/// that is too small among it, is an error before the work.
package struct PlannedOutputs: Hashable, Sendable {
  struct Output: Hashable {
    let path: String
    let isFolder: Bool
    let byteCount: Int
  }

  private var outputs: [Output] = []

  package init() {}

  /// - Parameters:
  ///   - path: Nothing where nil; `-` and other streams are always there.
  ///   - byteCount: How large it becomes, as far as that is known.
  package mutating func addFile(_ path: String?, byteCount: Int = 0) {
    if let path { outputs.append(Output(path: path, isFolder: false, byteCount: byteCount)) }
  }

  /// A folder that files will be written to.
  package mutating func addFolder(_ path: String?, byteCount: Int = 0) {
    if let path { outputs.append(Output(path: path, isFolder: true, byteCount: byteCount)) }
  }

  /// The files and folders, in the order they were added.
  package var paths: [String] { outputs.map(\.path) }

  /// Throws where one of them could not be written; changes nothing.
  ///
  /// - Parameter freeBytes: Of the disk that a folder lies on; nil where nobody knows.
  package func check(
    freeBytes: (_ folder: String) -> Int? = freeBytes(inFolder:)
  ) throws(FileError) {
    var wanted: [String: Int] = [:]
    for output in outputs where !output.isStream {
      let folder = try output.writableFolder()
      wanted[disk(of: folder), default: 0] += output.byteCount
      let needed = wanted[disk(of: folder), default: 0]
      if let free = freeBytes(folder), needed > free {
        throw FileError(output.path, .tooLarge(needed: needed, free: free))
      }
    }
  }

  /// Checks all, then makes the folders that are missing.
  package func prepare() throws(FileError) {
    try check()
    for output in outputs where !output.isStream {
      try makeFolder(output.isFolder ? output.path : Path(output.path).folder)
    }
  }

  /// Folders on one disk have the same.
  private func disk(of folder: String) -> String {
    status(of: folder).map { "\($0.st_dev)" } ?? folder
  }
}

/// The bytes that a user may still write to the disk that a folder lies on; nil where the system
/// does not say.
package func freeBytes(inFolder path: String) -> Int? {
  var status = statvfs()
  guard unsafe statvfs(path.systemName, &status) == 0 else { return nil }
  let (bytes, isTooLarge) = Int(status.f_bavail)
    .multipliedReportingOverflow(by: Int(status.f_frsize))
  return isTooLarge ? nil : bytes
}

extension PlannedOutputs.Output {
  fileprivate var isStream: Bool { path == "-" || FileKind(path: path) == .stream }

  /// The folder that it lies in, or the nearest above it that is there; throws where nothing can be
  /// written to it.
  fileprivate func writableFolder() throws(FileError) -> String {
    var place = isFolder ? path : try Path(followingLinks(path)).folder
    switch FileKind(path: path) {
    case .folder where !isFolder: throw FileError(path, .isFolder)
    case .file where isFolder: throw FileError(path, .system(call: "write", errno: ENOTDIR))
    case .file where unsafe access(path.systemName, W_OK) != 0: throw .lastCall("write", on: path)
    default: break
    }
    while FileKind(path: place) == .missing, Path(place).folder != place {
      place = Path(place).folder
    }
    do {
      _ = try Draft(of: place + "/x")
    } catch {
      throw FileError(path, error.reason)
    }
    return place
  }
}
