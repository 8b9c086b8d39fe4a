import Glibc

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
