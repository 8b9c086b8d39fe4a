import Glibc
import Synchronization

/// Names of files and folders that this process made for itself: what an early end takes away.
package enum TemporaryPaths {
  private static let paths = Mutex<Set<String>>([])

  static func insert(_ path: String) { paths.withLock { _ = $0.insert(path) } }
  static func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }

  /// Removes what bears one of the names; a folder that holds something stays.
  package static func clear() {
    for path in paths.withLock(\.self) { unsafe Glibc.remove(path) }
  }
}
