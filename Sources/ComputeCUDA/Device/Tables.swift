import CCUDA
import Synchronization

/// Constant lists of numbers that kernels read: each is sent once and found by its contents.
///
/// Recorded work may not write from the host; it runs once before it is recorded, which sends its
/// lists. They stay as long as the device's memory.
final class Tables: Sendable {
  private let context: Context
  private let memory: DeviceMemory
  private let addresses = Mutex<[[UInt32]: UInt]>([:])

  init(_ context: Context, _ memory: DeviceMemory) {
    (self.context, self.memory) = (context, memory)
  }

  /// The address of a list on the device; 0 for an empty one.
  func address(of words: [UInt32]) -> UInt64 {
    if words.isEmpty { return 0 }
    return addresses.withLock { addresses in
      if let address = addresses[words] { return UInt64(address) }
      let address = memory.with(.tensors) { memory.allocate(4 * words.count) }
      unsafe words.withUnsafeBytes { bytes in
        _ = context.perform("cuMemcpyHtoDAsync") {
          unsafe $0.functions.pointee.cuMemcpyHtoDAsync_v2(
            UInt64(address), bytes.baseAddress, bytes.count, context.stream)
        }
      }
      addresses[words] = address
      return UInt64(address)
    }
  }
}
