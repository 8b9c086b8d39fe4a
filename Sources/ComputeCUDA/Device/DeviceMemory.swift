import CCUDA
import Synchronization

/// A device's memory, taken from the driver in large pieces and cut to the size of tensors.
///
/// All work is in one stream, so a block may be used again as soon as its tensor is gone: all work that
/// reads it comes earlier in the stream. Blocks of recorded steps lie in pieces of their own, because
/// a graph writes to the same addresses each time it runs.
final class DeviceMemory: Sendable {
  enum Use: Hashable {
    case tensors
    case recordedSteps
  }

  private struct Piece {
    let use: Use
    let byteCount: Int

    /// Free ranges by address; neighbours are joined.
    var free: [Range<UInt>]
  }

  private struct State {
    /// Sorted by their first address.
    var pieces: [(start: UInt, piece: Piece)] = []
    var blocks: [UInt: (start: UInt, byteCount: Int)] = [:]
    var use = Use.tensors
    var used: [Use: Int] = [:]
    var peak: [Use: Int] = [:]
    var recordedWorks = 0
  }

  private let context: Context
  private let state = Mutex(State())

  /// The minimal size of a piece in bytes.
  ///
  /// It is 0 in tests: then each tensor has its own piece, and a read beyond it shows.
  private let minPiece: Int

  init(_ context: Context, minPiece: Int = 32 << 20) {
    self.context = context
    self.minPiece = minPiece
  }

  deinit {
    state.withLock { state in
      for (start, _) in state.pieces { free(start) }
    }
  }

  /// Bytes that are taken from the driver.
  var heldByteCount: Int {
    state.withLock { $0.pieces.reduce(0) { $0 + $1.piece.byteCount } }
  }

  /// The peak of the bytes of tensors of this use.
  func peakByteCount(_ use: Use) -> Int { state.withLock { $0.peak[use] ?? 0 } }

  /// The number of graphs that write to blocks of recorded steps.
  var recordedWorks: Int { state.withLock { $0.recordedWorks } }

  func changeRecordedWorks(by change: Int) { state.withLock { $0.recordedWorks += change } }

  /// Gives out blocks for another use while `body` runs.
  func with<Result>(_ use: Use, _ body: () throws -> Result) rethrows -> Result {
    let before = state.withLock { state in
      defer { state.use = use }
      return state.use
    }
    defer { state.withLock { $0.use = before } }
    return try body()
  }

  /// The address of a block; 0, and a fault of the context, where there is no memory.
  func allocate(_ byteCount: Int) -> UInt {
    state.withLock { state in
      let use = state.use
      let unit = unit(of: use)
      let size = UInt((max(byteCount, 1) + unit - 1) / unit * unit)
      var place = Self.bestFit(size, use, state.pieces)
      if place == nil, grow(by: size, use, &state) {
        place = Self.bestFit(size, use, state.pieces)
      }
      guard let place else { return 0 }
      let range = state.pieces[place.piece].piece.free[place.range]
      let rest = range.lowerBound + size..<range.upperBound
      state.pieces[place.piece].piece.free.replaceSubrange(
        place.range...place.range, with: rest.isEmpty ? [] : [rest])
      state.blocks[range.lowerBound] = (state.pieces[place.piece].start, Int(size))
      state.used[use, default: 0] += Int(size)
      state.peak[use] = max(state.peak[use] ?? 0, state.used[use] ?? 0)
      return range.lowerBound
    }
  }

  func release(_ address: UInt) {
    if address == 0 { return }
    state.withLock { state in
      guard let (start, byteCount) = state.blocks.removeValue(forKey: address),
        let index = state.pieces.firstIndex(where: { $0.start == start })
      else { preconditionFailure("a block is given back that was not given out") }
      state.used[state.pieces[index].piece.use, default: 0] -= byteCount
      state.pieces[index].piece.free.insert(block: address..<address + UInt(byteCount))
      if minPiece == 0 { drop(&state) { $0.start == start && $0.piece.use == .tensors } }
    }
  }

  /// Gives the driver back what no tensor uses.
  ///
  /// - Parameter use: Not `recordedSteps` once a step is recorded.
  func trim(_ use: Use) {
    context.synchronize()
    state.withLock { state in drop(&state) { $0.piece.use == use } }
  }

  /// Replaces the recorded steps' pieces by one piece of their peak size, unless some are in use.
  func gather(_ use: Use) {
    trim(use)
    state.withLock { state in
      let peak = UInt(state.peak[use] ?? 0)
      let isEmpty = !state.pieces.contains { $0.piece.use == use }
      if isEmpty, peak > 0 { _ = grow(by: peak + peak / 64, use, &state) }
    }
  }

  private static let alignment = 256

  /// Sizes of blocks are multiples of this: a piece for one tensor ends where the tensor does.
  private func unit(of use: Use) -> Int {
    minPiece == 0 && use == .tensors ? 1 : Self.alignment
  }

  /// The smallest free range that holds so much.
  private static func bestFit(
    _ size: UInt, _ use: Use, _ pieces: [(start: UInt, piece: Piece)]
  ) -> (piece: Int, range: Int)? {
    var best: (piece: Int, range: Int)?
    var smallest = UInt.max
    for (index, entry) in pieces.enumerated() where entry.piece.use == use {
      for (number, range) in entry.piece.free.enumerated() {
        let length = range.upperBound - range.lowerBound
        if length >= size, length < smallest {
          best = (index, number)
          smallest = length
        }
      }
    }
    return best
  }

  private func grow(by size: UInt, _ use: Use, _ state: inout State) -> Bool {
    let step = UInt(minPiece == 0 ? unit(of: use) : 2 << 20)
    var byteCount = (max(size, UInt(minPiece)) + step - 1) / step * step
    var address = take(byteCount)
    if address == nil {
      // Blocks that are kept for later may make room.
      drop(&state) { $0.piece.use == .tensors }
      byteCount = (size + step - 1) / step * step
      address = take(byteCount)
    }
    guard let address else {
      var (free, total) = (0, 0)
      _ = unsafe context.driver.functions.pointee.cuMemGetInfo_v2(&free, &total)
      context.fail(.outOfMemory(wanted: Int(byteCount), free: free))
      return false
    }
    state.pieces.append(
      (
        address,
        Piece(use: use, byteCount: Int(byteCount), free: [address..<address + byteCount])
      ))
    return true
  }

  private func take(_ byteCount: UInt) -> UInt? {
    guard context.isSound else { return nil }
    var address: CUdeviceptr = 0
    let result = unsafe context.driver.functions.pointee.cuMemAlloc_v2(&address, Int(byteCount))
    if result == LORA_CUDA_SUCCESS { return UInt(address) }
    if result != LORA_CUDA_OUT_OF_MEMORY, let error = context.driver.error("cuMemAlloc", result) {
      context.fail(error)
    }
    return nil
  }

  private func free(_ address: UInt) {
    _ = unsafe context.driver.functions.pointee.cuMemFree_v2(CUdeviceptr(address))
  }

  /// Gives unused pieces that fulfil the condition back to the driver.
  private func drop(
    _ state: inout State, _ isUnwanted: ((start: UInt, piece: Piece)) -> Bool
  ) {
    state.pieces.removeAll { entry in
      let whole = entry.start..<entry.start + UInt(entry.piece.byteCount)
      guard entry.piece.free == [whole], isUnwanted(entry) else { return false }
      free(entry.start)
      return true
    }
  }
}

extension [Range<UInt>] {
  /// Adds a free block in the order of addresses, joined with its neighbours.
  fileprivate mutating func insert(block: Range<UInt>) {
    var index = 0
    while index < count, self[index].lowerBound < block.lowerBound { index += 1 }
    var (joined, replaced) = (block, index..<index)
    if index < count, self[index].lowerBound == block.upperBound {
      joined = joined.lowerBound..<self[index].upperBound
      replaced = replaced.lowerBound..<index + 1
    }
    if index > 0, self[index - 1].upperBound == block.lowerBound {
      joined = self[index - 1].lowerBound..<joined.upperBound
      replaced = index - 1..<replaced.upperBound
    }
    replaceSubrange(replaced, with: [joined])
  }
}
