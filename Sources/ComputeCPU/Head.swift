import Compute
import Tensors

/// Queries and keys of a tile of scores: 128 KiB, which stays in the second cache.
let (queryBlock, keyBlock) = (64, 512)

/// One head of one sample of an attention, as rows of tokens in memory.
struct Head: Sendable {
  let queries: Block
  let keys: Block
  let values: Block

  /// Tokens that ask, and that are asked.
  let queryCount: Int
  let keyCount: Int

  /// Columns of each.
  let width: Int
  let scale: Float
  let isCausal: Bool

  /// - Parameter number: The head's number, counted through all samples.
  init(_ number: Int, of operands: AttentionOperands) {
    queries = operands.queries.head(number, operands)
    keys = operands.keys.head(number, operands)
    values = operands.values.head(number, operands)
    queryCount = operands.queries.tokens
    keyCount = operands.keys.tokens
    width = operands.headWidth
    scale = operands.scale
    isCausal = operands.isCausal
  }

  /// The keys of the block from `first` on that any of these queries sees.
  func keyRange(from first: Int, for rows: Range<Int>) -> Range<Int> {
    let end = isCausal ? min(keyCount, rows.upperBound) : keyCount
    return first..<max(first, min(first + keyBlock, end))
  }

  /// Computes a tile of scaled scores, −∞ where a query must not look.
  func scores(_ rows: Range<Int>, _ columns: Range<Int>, into tile: Block) {
    multiply(
      queries.rows(from: rows.lowerBound), keys.rows(from: columns.lowerBound).transposed,
      into: tile, m: rows.count, n: columns.count, k: width, alpha: scale)
    guard isCausal else { return }
    for row in rows where row + 1 < columns.upperBound {
      let start = (row - rows.lowerBound) * tile.stride
      let hidden = max(row + 1, columns.lowerBound) - columns.lowerBound
      tile.values.fill(start + hidden..<start + columns.count, with: -.infinity)
    }
  }
}

extension Columns {
  /// The rows of one head, counted through all samples.
  func head(_ number: Int, _ operands: AttentionOperands) -> Block {
    let (sample, head) = number.quotientAndRemainder(dividingBy: operands.heads)
    let start = sample * tokens * stride + first + head * operands.headWidth
    return Block(Floats(tensor).from(start), stride: stride)
  }
}

extension AttentionOperands {
  var headCount: Int { samples * heads }

  /// Nanoseconds on one core, roughly.
  var cost: Float {
    Float(headCount * queries.tokens * keys.tokens) * (1 + Float(headWidth) * 0.05)
  }

  /// A result or its gradient, [b, t, width], as columns of all heads.
  func columns(of result: Tensor) -> Columns { Columns(tensor: result, first: 0) }
}
