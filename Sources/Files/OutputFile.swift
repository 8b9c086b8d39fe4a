import CFiles
import Glibc
import Synchronization

/// A file being written that appears whole or not at all.
///
/// Bytes go, at any offsets and from any thread, to a file without a name in the folder of the
/// target; `commit` syncs it and renames it into place. A run that fails or is killed before that
/// leaves what was there, and nothing else. `-` and other streams receive the bytes at `commit`:
/// until then they lie in a temporary file, since they may be more than memory holds.
@safe package final class OutputFile: Sendable {
  /// As the user wrote it; `-` is standard output.
  package let path: String

  private let compresses: Bool
  private let threads: Int
  private let draft: Draft

  /// Where the bytes go in the end.
  private enum Destination {
    case stream(OutputStream)

    /// In the place of this one, which is read and written back, if of one.
    case file(EditedFile?)

    /// Part of a folder that appears whole.
    case folder(OutputFolder, name: String)
  }

  private let destination: Destination

  /// The bytes that have been written, and after how many more the disk is told to take them.
  private let written = Atomic(0)
  private static let syncByteCount = 64 << 20

  /// Opens a draft; the target is not touched yet.
  ///
  /// - Parameters:
  ///   - compresses: Whether zstd's bytes are wanted; always so for a name that ends in `.zst`.
  ///   - threads: How many compress; their number does not change the bytes.
  ///   - edited: The file that stands there, if this is it, changed.
  /// - Throws: Where the target cannot be written, so that no work is done in vain.
  package init(
    path: String, compresses: Bool = false, threads: Int = 1, editing edited: EditedFile? = nil
  ) throws(FileError) {
    self.path = path
    self.compresses = compresses || path.hasSuffix(".zst")
    self.threads = threads
    if OutputStream.standardOutputs.contains(path) || FileKind(path: path) == .stream {
      destination = .stream(try OutputStream(path: path))
      draft = try Draft.temporary()
    } else {
      try Self.checkReplaceable(path)
      destination = .file(edited)
      draft = try Draft(of: path)
    }
  }

  /// A part of a folder: it appears with the folder.
  init(part name: String, of folder: OutputFolder, draft: Draft, compresses: Bool, threads: Int) {
    path = draft.path
    self.compresses = compresses
    self.threads = threads
    destination = .folder(folder, name: name)
    self.draft = draft
  }

  /// A rename would replace a file that its owner made read-only, where no write could.
  static func checkReplaceable(_ path: String) throws(FileError) {
    switch FileKind(path: path) {
    case .folder: throw FileError(path, .isFolder)
    case .file where unsafe access(path.systemName, W_OK) != 0: throw .lastCall("write", on: path)
    default: break
    }
  }

  /// Writes bytes at an offset; holes read as zeros.
  package func write(_ bytes: RawSpan, at offset: Int) throws(FileError) {
    try draft.write(bytes, at: offset)
    let (before, after) = written.add(bytes.byteCount, ordering: .relaxed)
    if before / Self.syncByteCount < after / Self.syncByteCount { beginSync() }
  }

  /// Begins to bring what has been written to the disk, while the caller does something else.
  ///
  /// Large files begin it by themselves. Nothing where the bytes become others (zstd) or go to a
  /// stream.
  package func beginSync() {
    if case .stream = destination { return }
    if !compresses { draft.beginSync() }
  }

  /// Makes the file at least this long; what was not written reads as zeros.
  package func extend(to byteCount: Int) throws(FileError) {
    try draft.extend(to: byteCount)
  }

  /// Writes a range of another file's bytes, copied by the system where it can.
  package func write(
    _ range: Range<Int>, of source: MappedFile, at offset: Int
  ) throws(FileError) {
    try draft.copy(range, of: source, to: offset)
  }

  /// Lends what has been written so far.
  package func withContents<Result>(
    _ body: (RawSpan) throws(FileError) -> Result
  ) throws(FileError) -> Result {
    try draft.withContents(body)
  }

  /// Reads back a range of what has been written; shorter where the file ends before it.
  package func contents(in range: Range<Int>) throws(FileError) -> [UInt8] {
    try draft.contents(in: range)
  }

  /// Finishes the file: it is on disk under its name when this returns, or with its folder.
  ///
  /// A reader of a stream that went away is not an error.
  package func commit() throws(FileError) {
    switch destination {
    case .stream(let stream):
      do {
        try forEachPiece { piece throws(FileError) in try stream.send(piece) }
      } catch {
        guard case .system(_, EPIPE) = error.reason else { throw error }
      }
    case .file(let edited):
      let file = compresses ? try compressed(into: Draft(of: path)) : draft
      try file.publish(over: edited)
    case .folder(let folder, let name):
      let file = compresses ? try compressed(into: folder.draft(of: name)) : draft
      try folder.add(file, as: name)
    }
  }

  private func compressed(into target: Draft) throws(FileError) -> Draft {
    var offset = 0
    try forEachPiece { piece throws(FileError) in
      try target.write(piece, at: offset)
      offset += piece.byteCount
    }
    return target
  }

  /// Lends the bytes that the reader is to see, compressed where asked for.
  private func forEachPiece(_ body: (RawSpan) throws(FileError) -> Void) throws(FileError) {
    try draft.withContents { bytes throws(FileError) in
      if compresses {
        try Zstandard.compress(bytes, threads: threads, path: path, write: body)
      } else {
        try body(bytes)
      }
    }
  }

  /// Writes all bytes of a small file and finishes it.
  package func commit(_ bytes: [UInt8]) throws(FileError) {
    try unsafe write(bytes.span.bytes, at: 0)
    try commit()
  }

  /// Writes a text as the whole file and finishes it.
  package func commit(_ text: String) throws(FileError) { try commit(Array(text.utf8)) }
}

/// A file or a folder under a temporary name, which goes with the last reference, and where a
/// signal ends the process in order.
@safe final class Leftover: Sendable {
  let path: String
  private nonisolated(unsafe) let entry: OpaquePointer?

  init(_ path: String) {
    self.path = path
    unsafe entry = lora_leftover_list(path.systemName)
  }

  /// A folder, and nothing but a folder.
  init(folder path: String) {
    // A file of that name, or a link, does not answer to this.
    self.path = path + "/"
    unsafe entry = lora_leftover_list(self.path.systemName)
  }

  deinit {
    // Once it has its final name, nothing is there to be removed.
    if unsafe unlink(path.systemName) != 0 { unsafe rmdir(path.systemName) }
    unsafe lora_leftover_forget(entry)
  }

  /// A new name in a folder, short enough for any file system.
  static func newName(in folder: String) -> String {
    "\(folder)/.lora-\(getpid())-\(UInt32.random(in: .min ... .max)).tmp"
  }
}

/// Removes what bears a temporary name of this process, for an early end of it; safe in a handler
/// of signals.
package func removeLeftovers() { lora_leftovers_remove() }
