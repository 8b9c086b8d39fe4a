import CCUDA
import Synchronization

/// Lists of numbers that kernels read and that never change: sent once, found by what they hold.
///
/// Recorded work may not write from the host. It is done once before it is recorded, and then its
/// lists are here. They stay as long as the device's memory.
final class Tables: Sendable {
  private let context: Context
  private let memory: DeviceMemory
  private let addresses = Mutex<[[UInt32]: UInt]>([:])

  init(_ context: Context, _ memory: DeviceMemory) {
    (self.context, self.memory) = (context, memory)
  }

  /// Where a list lies on the device; 0 for an empty one.
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
