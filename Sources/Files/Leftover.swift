import CFiles
import Glibc

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
