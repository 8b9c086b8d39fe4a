import Compute
import Tensors

/// The choice of attention's kernels for heads of some width: with tensor cores or without.
struct AttentionKernels {
  /// The widths that files are compiled for: the columns per head that are computed.
  static let widths = [16, 32, 40, 64, 80, 128, 160]
  static let plainWidths = [64, 192, 512]

  let usesTensorCores: Bool
  let width: Int

  /// - Parameter isPlain: Whether tensor cores are left alone.
  init(_ elementType: ElementType, headWidth: Int, isPlain: Bool = false) {
    let widths = isPlain || elementType == .float32 ? [] : Self.widths
    let smallest = widths.first { $0 >= headWidth }
    usesTensorCores = smallest != nil
    guard let width = smallest ?? Self.plainWidths.first(where: { $0 >= headWidth }) else {
      preconditionFailure("heads have \(headWidth) columns, at most 512 are computed")
    }
    self.width = width
  }

  /// Queries per block in the forward pass.
  var queriesOfBlock: Int { usesTensorCores && width <= 80 ? 128 : 64 }

  /// Queries or keys per block in the backward passes.
  static let backwardRows = 64

  /// The number of blocks that share the queries of the same keys.
  ///
  /// It is more than one where few keys would leave multiprocessors idle. Each block goes over at
  /// least four tiles of queries.
  func splits(keyBlocks: Int, queries: Int, multiprocessors: Int) -> Int {
    if keyBlocks >= multiprocessors { return 1 }
    let rowsOfTile = width <= 64 ? 64 : 32
    let maximum = queries / (4 * rowsOfTile)
    return max(1, min((2 * multiprocessors + keyBlocks - 1) / keyBlocks, maximum))
  }
}
