import Compute
import Glibc
import Synchronization

/// Memory of freed tensors, kept for later ones.
///
/// Sizes are rounded up to one of eight steps between powers of two, so that the tensors of a step
/// find the blocks of the step before.
final class BufferPool: Sendable {
  private struct State {
    var free: [Int: [UInt]] = [:]
    var freeByteCount = 0
    var heldByteCount = 0
  }

  private let state = Mutex(State())

  /// Bytes of all blocks, in use or not.
  var heldByteCount: Int { state.withLock { $0.heldByteCount } }

  /// The address of a block of at least this size, aligned to a cache line.
  func take(_ byteCount: Int) -> UInt {
    let size = Self.roundedUp(byteCount)
    let reused = state.withLock { state -> UInt? in
      guard let address = state.free[size]?.popLast() else {
        state.heldByteCount += size
        return nil
      }
      state.freeByteCount -= size
      return address
    }
    if let reused { return reused }
    var block: UnsafeMutableRawPointer?
    let failure = unsafe posix_memalign(&block, 64, size)
    precondition(failure == 0, "no memory for \(size) bytes; \(heldByteCount) are in use")
    return UInt(bitPattern: block)
  }

  func giveBack(_ address: UInt, _ byteCount: Int) {
    let size = Self.roundedUp(byteCount)
    let surplus = state.withLock { state -> Bool in
      if size >= Self.unpooled && state.freeByteCount + size > Self.unpooled * 8 {
        state.heldByteCount -= size
        return true
      }
      state.free[size, default: []].append(address)
      state.freeByteCount += size
      return false
    }
    if surplus { unsafe free(UnsafeMutableRawPointer(bitPattern: address)) }
  }

  /// Blocks of this size or larger go back to the system where many are free: 64 MiB.
  private static let unpooled = CountedMemory.unpooled

  private static func roundedUp(_ byteCount: Int) -> Int { CountedMemory.blockSize(of: byteCount) }

  deinit {
    state.withLock { state in
      for address in state.free.values.joined() {
        unsafe free(UnsafeMutableRawPointer(bitPattern: address))
      }
    }
  }
}
