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

  fileprivate struct Piece {
    let use: Use
    let byteCount: Int

    /// Free ranges by address; neighbours are joined.
    var free: [Range<UInt>]

    /// Takes the beginning of a free range.
    mutating func take(_ size: UInt, at index: Int) -> Range<UInt> {
      let range = free[index]
      let rest = range.lowerBound + size..<range.upperBound
      free.replaceSubrange(index...index, with: rest.isEmpty ? [] : [rest])
      return range.lowerBound..<range.lowerBound + size
    }
  }

  private struct State {
    /// Sorted by their first address.
    var pieces: [(start: UInt, piece: Piece)] = []
    var blocks: [UInt: (start: UInt, byteCount: Int)] = [:]
    var use = Use.tensors

    /// What is taken and given back, while the extent of some work is measured.
    var trace: MemoryTrace?
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

  /// Bytes of the device's memory that are in use, by all programs; `nil` after a fault.
  var usedByteCount: Int? {
    var (free, total) = (0, 0)
    let isKnown = context.perform("cuMemGetInfo") {
      unsafe $0.functions.pointee.cuMemGetInfo_v2(&free, &total)
    }
    return isKnown ? total - free : nil
  }

  /// The peak of the bytes of tensors of this use.
  func peakByteCount(_ use: Use) -> Int { state.withLock { $0.peak[use] ?? 0 } }

  /// The number of graphs that write to blocks of recorded steps.
  var recordedWorks: Int { state.withLock { $0.recordedWorks } }

  func changeRecordedWorks(by change: Int) { state.withLock { $0.recordedWorks += change } }

  /// Gives out blocks for another use while `body` runs.
  func with<Result, Failure: Error>(
    _ use: Use, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
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
      let range = state.pieces[place.piece].piece.take(size, at: place.range)
      if use == .recordedSteps { state.trace?.take(range.lowerBound, size) }
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
      state.trace?.give(address)
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

  /// Does work and measures the extent of one piece in which the same work finds room for all its
  /// blocks, in bytes.
  func extent(of use: Use, _ body: () -> Void) -> Int {
    state.withLock { $0.trace = MemoryTrace() }
    with(use, body)
    return state.withLock { state in
      defer { state.trace = nil }
      return Int(state.trace?.extent ?? 0)
    }
  }

  /// Gives back what no tensor uses, and takes one piece of a size for the use, unless some of its
  /// pieces are in use.
  ///
  /// Where the driver has no such piece, smaller ones are taken when they are needed.
  func gather(_ use: Use, byteCount: Int) {
    for use in [use, .tensors] { trim(use) }
    state.withLock { state in
      let isEmpty = !state.pieces.contains { $0.piece.use == use }
      if isEmpty, byteCount > 0 { _ = grow(by: UInt(byteCount), use, &state, isNeeded: false) }
    }
  }

  private static let alignment = 256

  /// Sizes of blocks are multiples of this: a piece for one tensor ends where the tensor does.
  private func unit(of use: Use) -> Int {
    minPiece == 0 && use == .tensors ? 1 : Self.alignment
  }

  /// The smallest free range that holds so much; the end of a piece is left whole where another does.
  private static func bestFit(
    _ size: UInt, _ use: Use, _ pieces: [(start: UInt, piece: Piece)]
  ) -> (piece: Int, range: Int)? {
    var best: (piece: Int, range: Int)?
    var (smallest, isAtEnd) = (UInt.max, true)
    for (index, entry) in pieces.enumerated() where entry.piece.use == use {
      let end = entry.start + UInt(entry.piece.byteCount)
      for (number, range) in entry.piece.free.enumerated() {
        let length = range.upperBound - range.lowerBound
        let endsPiece = range.upperBound == end
        guard length >= size, endsPiece == isAtEnd ? length < smallest : isAtEnd else { continue }
        best = (index, number)
        (smallest, isAtEnd) = (length, endsPiece)
      }
    }
    return best
  }

  /// - Parameter isNeeded: Whether it is a fault where the driver has no more.
  private func grow(
    by size: UInt, _ use: Use, _ state: inout State, isNeeded: Bool = true
  ) -> Bool {
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
      if !isNeeded { return false }
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
    guard context.makeCurrent() else { return nil }
    var address: CUdeviceptr = 0
    let result = unsafe context.driver.functions.pointee.cuMemAlloc_v2(&address, Int(byteCount))
    if result == LORA_CUDA_SUCCESS { return UInt(address) }
    if result != LORA_CUDA_OUT_OF_MEMORY, let error = context.driver.error("cuMemAlloc", result) {
      context.fail(error)
    }
    return nil
  }

  private func free(_ address: UInt) {
    context.makeCurrentAtEnd()
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

extension DeviceMemory {
  /// Blocks that are taken and given back in turn, laid into a piece without an end.
  ///
  /// They lie as they will lie in a piece of the extent: its end is the last place that is looked at.
  fileprivate struct MemoryTrace {
    private var piece = Piece(use: .recordedSteps, byteCount: Int(endless), free: [0..<endless])
    private var places: [UInt: Range<UInt>] = [:]
    private(set) var extent: UInt = 0

    private static let endless = UInt(1) << 50

    mutating func take(_ address: UInt, _ size: UInt) {
      guard let fit = DeviceMemory.bestFit(size, .recordedSteps, [(0, piece)]) else { return }
      let place = piece.take(size, at: fit.range)
      places[address] = place
      extent = max(extent, place.upperBound)
    }

    /// Blocks that were taken before are not in the account.
    mutating func give(_ address: UInt) {
      if let place = places.removeValue(forKey: address) { piece.free.insert(block: place) }
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
