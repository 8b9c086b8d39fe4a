import Glibc

/// A new folder under a name that nobody else uses.
package final class PrivateFolder: Sendable {
  package let path: String

  /// - Parameter prefix: What the folder's path begins with; six characters follow.
  package init(prefix: String) throws(FileError) {
    var template = Array((prefix + "XXXXXX").utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw .lastCall("make a folder", on: prefix + "…")
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    TemporaryPaths.insert(path)
  }

  /// Removes the folder unless it holds something.
  package func removeIfEmpty() {
    unsafe rmdir(path)
    TemporaryPaths.remove(path)
  }

  deinit { removeIfEmpty() }
}
