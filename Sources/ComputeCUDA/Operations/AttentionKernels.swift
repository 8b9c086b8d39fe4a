import Compute
import Tensors

/// Which of attention's kernels work on heads of some width: on tensor cores, or without.
struct AttentionKernels {
  /// What files are compiled for: the columns of a head that are computed.
  static let widths = [16, 32, 40, 64, 80, 128, 160]
  static let plainWidths = [64, 192, 512]

  let usesTensorCores: Bool
  let width: Int
  private let elementType: ElementType

  init(_ elementType: ElementType, headWidth: Int) {
    self.elementType = elementType
    let widths = elementType == .float32 ? [] : Self.widths
    let least = widths.first { $0 >= headWidth }
    usesTensorCores = least != nil
    guard let width = least ?? Self.plainWidths.first(where: { $0 >= headWidth }) else {
      preconditionFailure("heads have \(headWidth) columns, at most 512 are computed")
    }
    self.width = width
  }

  /// How the kernels' files are compiled.
  var definitions: [String] { elementType.definitions + ["HEAD_WIDTH=\(width)"] }

  /// Of a block.
  var threads: Int { usesTensorCores ? 128 : 256 }

  /// Queries that a block owns in the forward pass.
  var queriesOfBlock: Int { usesTensorCores && width <= 80 ? 128 : 64 }

  /// Queries, or keys, that a block owns in the backward passes.
  static let backwardRows = 64

  /// How many blocks share the queries of the same keys: some where few keys would leave
  /// multiprocessors idle, each with no less than four tiles of queries to go over.
  func splits(keyBlocks: Int, queries: Int, multiprocessors: Int) -> Int {
    if keyBlocks >= multiprocessors { return 1 }
    let rowsOfTile = width <= 64 ? 64 : 32
    let most = queries / (4 * rowsOfTile)
    return max(1, min((2 * multiprocessors + keyBlocks - 1) / keyBlocks, most))
  }
}
