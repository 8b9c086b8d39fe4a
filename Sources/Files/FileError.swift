import CFiles
import Glibc

/// Why a file could not be read or written.
package struct FileError: Error, Hashable {
  package enum Reason: Hashable {
    /// A system call that failed, as a verb ("open"), and its `errno`.
    case system(call: String, errno: Int32)
    case isFolder
    case isTerminal
    case isTooLong(limit: Int)

    /// A mapped file whose bytes are gone.
    case wasCutShort
    case isBeingEdited

    /// A mapped file whose bytes may be old and new.
    case wasWritten

    /// A file that somebody else wrote while it was edited.
    case wasChanged

    /// A name that another process took meanwhile.
    case isTaken
    case badCompression(detail: String)
    case cannotCompress(detail: String)

    /// In bytes.
    case tooLarge(needed: Int, free: Int)
  }

  package let path: String
  package let reason: Reason

  package init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }

  /// The system call that just failed; reads `errno`.
  static func lastCall(_ call: String, on path: String) -> FileError {
    FileError(path, .system(call: call, errno: Glibc.errno))
  }
}

extension FileError: CustomStringConvertible {
  package var description: String { "\(path): \(reason)\(hint)" }

  /// Where the file is, of a path as Windows writes it; empty for others.
  private var hint: String {
    let units = Array(path.utf8.prefix(3))
    guard case .system(_, ENOENT) = reason, units.count == 3, units[1] == UInt8(ascii: ":"),
      units[2] == UInt8(ascii: "\\") || units[2] == UInt8(ascii: "/"),
      let drive = path.first, drive.isASCII, drive.isLetter
    else { return "" }
    let rest = path.dropFirst(3).map { $0 == "\\" ? "/" : $0 }
    return "; a path of Windows: in WSL it is /mnt/\(drive.lowercased())/\(String(rest))"
  }
}

extension FileError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .system(let call, EFBIG):
      "cannot \(call): the file would be larger than this system allows (ulimit -f)"
    case .system(let call, ENOSPC):
      "cannot \(call): no space left on device; make room, or choose another folder (TMPDIR for a pipe)"
    case .system(let call, let number):
      "cannot \(call): \(unsafe String(cString: strerror(number)).lowercased())"
    case .isFolder: "is a folder, not a file"
    case .isTerminal:
      "will not write binary data to a terminal; give -o FILE, or pipe it somewhere"
    case .isTooLong(let limit):
      "has more than \(limit >> 20) MB, too much for what is read here; is it the right file?"
    case .wasCutShort: "was cut short while it was read; try again when nothing writes it"
    case .wasWritten: "was written while it was read; try again when nothing writes it"
    case .isBeingEdited: "is being edited by another program; try again when that is done"
    case .wasChanged:
      "was changed by another program meanwhile, and is left as that made it; try again"
    case .isTaken: "was made by another program meanwhile, and is left as it is; try again"
    case .badCompression(let detail):
      "cannot decompress: \(detail); is the download complete?"
    case .cannotCompress(let detail): "cannot compress: \(detail)"
    case .tooLarge(let needed, let free):
      "would need \(Self.megabytes(needed)) on a disk with \(Self.megabytes(free)) left; make room, "
        + "or choose another folder"
    }
  }

  private static func megabytes(_ bytes: Int) -> String { "\((bytes + 999_999) / 1_000_000) MB" }
}

/// Makes a system call, again where a signal interrupted it.
func uninterrupted<Count: SignedInteger>(_ call: () -> Count) -> Count {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}

/// Writes all of some bytes at an offset of an open file.
func write(
  _ bytes: RawSpan, to descriptor: Int32, at offset: Int, path: String
) throws(FileError) {
  var written = 0
  while written < bytes.byteCount {
    let rest = bytes.extracting(written...)
    let count = unsafe rest.withUnsafeBytes { source in
      uninterrupted {
        unsafe pwrite(descriptor, source.baseAddress, source.count, off_t(offset + written))
      }
    }
    if count < 0, errno == EFAULT { throw fault(in: rest, path: path) }
    written += try advance(count, "write", on: path)
  }
}

/// How many bytes a call wrote that was given some.
///
/// - Parameter count: What it returned. None written is an error too, which `errno` does not tell.
func advance(_ count: Int, _ call: String, on path: String) throws(FileError) -> Int {
  if count < 0 { throw .lastCall(call, on: path) }
  if count == 0 { throw FileError(path, .system(call: call, errno: EIO)) }
  return count
}

/// Why the system could not read bytes that were to be written: a mapped file was cut short.
private func fault(in bytes: RawSpan, path: String) -> FileError {
  let input = unsafe bytes.withUnsafeBytes { unsafe lora_map_path($0.baseAddress) }
  return unsafe input.map { unsafe FileError(name($0), .wasCutShort) }
    ?? .lastCall("write", on: path)
}
