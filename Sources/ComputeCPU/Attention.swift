package import Compute
import Glibc
import Tensors

extension CPUBackend {
  package func attention(_ operands: AttentionOperands, into y: Tensor, logSums: Tensor) {
    let queries = operands.queries.tokens
    let blocks = (queries + queryBlock - 1) / queryBlock
    let logSums = Floats(logSums)
    perform(operands.headCount * blocks, cost: operands.cost) { part in
      let (number, block) = part.quotientAndRemainder(dividingBy: blocks)
      let rows = block * queryBlock..<min((block + 1) * queryBlock, queries)
      withScratch(queryBlock * (keyBlock + 2)) { scratch in
        let strip = AttentionStrip(Head(number, of: operands), rows, scratch)
        strip.run(
          into: operands.columns(of: y).head(number, operands).rows(from: rows.lowerBound),
          logSums: logSums.from(number * queries + rows.lowerBound))
      }
    }
  }
}

/// Some queries of one head, going over all keys block by block.
///
/// Maxima and sums of the exponentials run on from block to block; what was computed under a lower
/// maximum is scaled down.
private struct AttentionStrip {
  private let head: Head
  private let rows: Range<Int>
  private let scores: Floats
  private let maxima: Floats
  private let sums: Floats

  init(_ head: Head, _ rows: Range<Int>, _ scratch: Floats) {
    self.head = head
    self.rows = rows
    scores = scratch
    maxima = scratch.from(queryBlock * keyBlock)
    sums = scratch.from(queryBlock * (keyBlock + 1))
  }

  func run(into result: Block, logSums: Floats) {
    for first in stride(from: 0, to: head.keyCount, by: keyBlock) {
      let columns = head.keyRange(from: first, for: rows)
      if columns.isEmpty { break }
      let tile = Block(scores, stride: columns.count)
      head.scores(rows, columns, into: tile)
      for row in 0..<rows.count {
        let factor = exponentials(of: row, columns.count, isFirst: first == 0)
        if first > 0 { scale(row, of: result, by: factor) }
      }
      multiply(
        tile, head.values.rows(from: columns.lowerBound), into: result, m: rows.count,
        n: head.width, k: columns.count, beta: first == 0 ? 0 : 1)
    }
    for row in 0..<rows.count {
      scale(row, of: result, by: 1 / sums[row])
      logSums[row] = maxima[row] + logf(sums[row])
    }
  }

  private func scale(_ row: Int, of result: Block, by factor: Float) {
    let (start, values) = (row * result.stride, result.values)
    forVectors(start..<start + head.width) { values[$0, $1] = values[$0, $1] * factor }
  }

  /// Replaces a row of scores by exp(score − maximum) and adds to the row's sum.
  ///
  /// - Returns: The factor by which the result so far must be multiplied.
  private func exponentials(of row: Int, _ length: Int, isFirst: Bool) -> Float {
    let range = row * length..<(row + 1) * length
    let before = isFirst ? -.infinity : maxima[row]
    let maximum = largest(range, from: before)
    var sum = Vector()
    for (index, lanes) in Vectors(range) {
      let weights = exp(scores[index, lanes] - maximum)
      scores[index, lanes] = weights
      sum += weights.firstLanes(lanes)
    }
    let factor = isFirst ? 0 : expf(before - maximum)
    maxima[row] = maximum
    sums[row] = (isFirst ? 0 : sums[row] * factor) + sum.sum()
    return factor
  }

  /// The largest score of a range, or `start`; NaN where one is NaN.
  private func largest(_ range: Range<Int>, from start: Float) -> Float {
    var largest = Vector(repeating: start)
    for (index, lanes) in Vectors(range) {
      let values = scores[index, lanes]
      let padded = lanes == Vector.scalarCount ? values : values.firstLanes(lanes, else: largest)
      largest.replace(with: padded, where: .!(padded .<= largest))
    }
    return (0..<Vector.scalarCount).reduce(start) {
      largest[$1] <= $0 ? $0 : largest[$1]
    }
  }
}
