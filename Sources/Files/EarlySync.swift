import Dispatch
import Glibc
import Synchronization

/// A sync of a file's data that goes on while its writer does something else.
final class EarlySync: Sendable {
  private let group = DispatchGroup()

  /// The `errno` of the sync; 0 where it went well, or was never begun.
  private let failure = Mutex<Int32>(0)

  /// Begins to bring what has been written so far to the disk.
  func begin(_ descriptor: Int32) {
    DispatchQueue.global().async(group: group) { [self] in
      let status = uninterrupted { fdatasync(descriptor) }
      if status != 0 { failure.withLock { $0 = errno } }
    }
  }

  /// Waits for the end of it.
  ///
  /// - Returns: The `errno` that it ended with: the system tells each failure once, so that a later
  ///   sync would not know of it.
  func finish() -> Int32 {
    group.wait()
    return failure.withLock { $0 }
  }
}
