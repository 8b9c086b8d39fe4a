import Glibc
import Synchronization

/// A folder being written that appears whole or not at all.
///
/// A new one gets its name last, by a rename. One that is there, and holds files alone, is exchanged
/// for one that holds its other files too. Any other (one with folders or links in it, a mount, the
/// folder one stands in) stays, and gets its files one after the other once all of them are on disk:
/// each of them appears whole. Nothing else in it is touched.
@safe package final class OutputFolder: Sendable {
  /// As the user wrote it, without a slash at its end.
  package let path: String

  /// The folder that links lead to.
  let target: String

  enum Way {
    case appearing
    case exchange
    case fileByFile
  }

  let way: Way

  /// The folders above it that were made for it: they go with it if it does not appear.
  private let parents: Mutex<[Leftover]>

  struct Contents {
    var drafts: [(name: String, draft: Draft)] = []
    var copies: [(name: String, source: String)] = []
    var links: [(name: String, destination: String)] = []

    /// Folders below it, those above before those in them.
    var folders: [String] = []
    var isPublished = false
  }

  let contents = Mutex(Contents())

  /// Nothing is made yet but the folders above it.
  package init(path: String) throws(FileError) {
    var path = path
    while path.utf8.count > 1 && path.hasSuffix("/") { path.removeLast() }
    self.path = path
    target = try followingLinks(path)
    switch FileKind(path: target) {
    case .missing: way = .appearing
    case .folder: way = try Self.canBeExchanged(target) ? .exchange : .fileByFile
    case .file, .stream:
      throw FileError(path, .system(call: "make the folder", errno: EEXIST))
    }
    var parents: [Leftover] = []
    if way == .appearing {
      try Files.makeFolder(Path(target).folder) { parents.append(Leftover(folder: $0)) }
    }
    self.parents = Mutex(parents)
  }

  deinit {
    // Those below go before those above.
    parents.withLock { parents in while parents.popLast() != nil {} }
  }

  /// Whether a folder holds files alone, and a rename moves it under nobody's feet.
  private static func canBeExchanged(_ path: String) throws(FileError) -> Bool {
    for name in try names(inFolder: path) {
      var status = stat()
      guard unsafe lstat("\(path)/\(name)".systemName, &status) == 0,
        status.st_mode & S_IFMT == S_IFREG
      else { return false }
    }
    guard let whole = resolved(path), let here = resolved(".") else { return false }
    let isWritable = unsafe access(Path(whole).folder.systemName, W_OK) == 0
    return whole != here && isWritable && !isMount(whole)
  }

  private static func isMount(_ path: String) -> Bool {
    guard let own = status(of: path), let above = status(of: Path(path).folder) else { return true }
    return own.st_dev != above.st_dev
  }
}

// MARK: - What it is to hold

extension OutputFolder {
  /// A file of it, to be written; its commit says that it is done.
  ///
  /// - Parameters:
  ///   - name: Its path below the folder.
  ///   - compresses: Whether zstd's bytes are wanted.
  package func file(
    _ name: String, compresses: Bool = false, threads: Int = 1
  ) throws(FileError) -> OutputFile {
    let shown = "\(path)/\(name)"
    if way != .appearing { try OutputFile.checkReplaceable(shown) }
    try add(folderOf: name)
    return OutputFile(
      part: name, of: self, draft: try draft(of: name), compresses: compresses, threads: threads)
  }

  /// Something without a name, in the file system where it gets one.
  func draft(of name: String) throws(FileError) -> Draft {
    let shown = "\(path)/\(name)"
    if way != .fileByFile { return try Draft(in: Path(target).folder, path: shown) }
    // A folder that is there may be a link into another file system.
    return FileKind(path: Path(shown).folder) == .folder
      ? try Draft(of: shown) : try Draft(in: target, path: shown)
  }

  /// Another file's bytes, as they are at the end.
  package func copy(_ source: String, as name: String) throws(FileError) {
    guard unsafe access(source.systemName, R_OK) == 0 else { throw .lastCall("open", on: source) }
    if way != .appearing { try OutputFile.checkReplaceable("\(path)/\(name)") }
    try add(folderOf: name)
    contents.withLock { $0.copies.append((name, source)) }
  }

  package func link(_ name: String, to destination: String) throws(FileError) {
    try add(folderOf: name)
    contents.withLock { $0.links.append((name, destination)) }
  }

  /// A folder in it, and those above that.
  package func makeFolder(_ name: String) {
    contents.withLock {
      var end = name.utf8.startIndex
      while let slash = name.utf8[end...].firstIndex(of: UInt8(ascii: "/")) {
        $0.add(String(name[..<slash]))
        end = name.utf8.index(after: slash)
      }
      $0.add(name)
    }
  }

  private func add(folderOf name: String) throws(FileError) {
    if name.utf8.contains(UInt8(ascii: "/")) { makeFolder(Path(name).folder) }
  }

  func add(_ draft: Draft, as name: String) throws(FileError) {
    try draft.sync()
    contents.withLock { $0.drafts.append((name, draft)) }
  }
}

extension OutputFolder.Contents {
  fileprivate mutating func add(_ folder: String) {
    if !folders.contains(folder) { folders.append(folder) }
  }
}
