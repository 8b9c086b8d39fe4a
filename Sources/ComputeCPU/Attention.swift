package import Compute
import Glibc
import LinearAlgebra

/// Queries and keys of a tile of scores: 128 KiB, which stays in the second cache.
private let (queryBlock, keyBlock) = (64, 512)

extension CPUBackend {
  package func attention(_ operands: AttentionOperands, into y: Tensor, logSums: Tensor) {
    let heads = HeadPlan(operands)
    let (result, logSums) = (Floats(y), Floats(logSums))
    let blocks = (heads.queries + queryBlock - 1) / queryBlock
    perform(heads.samples * heads.count * blocks, cost: heads.cost) { part in
      let (head, block) = part.quotientAndRemainder(dividingBy: blocks)
      let rows = block * queryBlock..<min((block + 1) * queryBlock, heads.queries)
      withScratch(queryBlock * (keyBlock + 2)) { scratch in
        heads.forward(head, rows, into: result, logSums, scratch)
      }
    }
  }

  package func attentionBackward(
    _ operands: AttentionOperands, output: Tensor, logSums: Tensor, gradient dy: Tensor,
    into gradients: AttentionGradients
  ) {
    let heads = HeadPlan(operands)
    let (output, dy, logSums) = (Floats(output), Floats(dy), Floats(logSums))
    let targets = (
      HeadColumns(gradients.queries), HeadColumns(gradients.keys), HeadColumns(gradients.values)
    )
    perform(heads.samples * heads.count, cost: heads.cost) { head in
      withScratch(2 * queryBlock * keyBlock + heads.queries) { scratch in
        heads.backward(head, output, logSums, dy, into: targets, scratch)
      }
    }
  }
}

/// Columns of a tensor that belong to all heads.
private struct HeadColumns: Sendable {
  let values: Floats
  let first: Int
  let stride: Int
  let tokens: Int

  init(_ columns: Columns) {
    values = Floats(columns.tensor)
    first = columns.first
    stride = columns.stride
    tokens = columns.tokens
  }

  /// The elements from one head's first column of a sample's token on.
  func head(_ head: Int, sample: Int, token: Int, width: Int) -> Floats {
    values.from((sample * tokens + token) * stride + first + head * width)
  }

  var rows: FactorLayout { .rows(every: stride) }
}

/// The host's view of an attention.
private struct HeadPlan: Sendable {
  let samples: Int

  /// Heads of a sample.
  let count: Int

  /// Columns of a head.
  let width: Int
  let queries: Int
  let keys: Int
  private let q: HeadColumns
  private let k: HeadColumns
  private let v: HeadColumns
  private let scale: Float
  private let isCausal: Bool

  init(_ operands: AttentionOperands) {
    samples = operands.samples
    count = operands.heads
    width = operands.headWidth
    q = HeadColumns(operands.queries)
    k = HeadColumns(operands.keys)
    v = HeadColumns(operands.values)
    queries = q.tokens
    keys = k.tokens
    scale = operands.scale
    isCausal = operands.isCausal
  }

  /// Nanoseconds on one core, roughly.
  var cost: Float { Float(samples * count * queries * keys) * (1 + Float(width) * 0.05) }

  /// The keys that any of these queries sees, from a block's first on.
  private func keyRange(_ first: Int, _ rows: Range<Int>) -> Range<Int> {
    let end = isCausal ? min(keys, rows.upperBound) : keys
    return first..<max(first, min(first + keyBlock, end))
  }

  /// Computes a tile of scaled scores, −∞ where a query must not look.
  private func scores(
    _ head: Int, _ sample: Int, _ rows: Range<Int>, _ columns: Range<Int>, into scores: Floats
  ) {
    multiply(
      q.head(head, sample: sample, token: rows.lowerBound, width: width), q.rows,
      k.head(head, sample: sample, token: columns.lowerBound, width: width),
      .columns(every: k.stride), into: scores, stride: columns.count, m: rows.count,
      n: columns.count, k: width, alpha: scale)
    guard isCausal else { return }
    for row in rows where row + 1 < columns.upperBound {
      let start = (row - rows.lowerBound) * columns.count
      let hidden = max(row + 1, columns.lowerBound) - columns.lowerBound
      scores.fill(start + hidden..<start + columns.count, with: -.infinity)
    }
  }

  /// Computes the rows of one head's result; maxima and sums run on from block to block.
  func forward(
    _ part: Int, _ rows: Range<Int>, into y: Floats, _ logSums: Floats, _ scratch: Floats
  ) {
    let (sample, head) = part.quotientAndRemainder(dividingBy: count)
    let stride = count * width
    let result = y.from((sample * queries + rows.lowerBound) * stride + head * width)
    let tile = scratch
    let (maxima, sums) = (
      scratch.from(queryBlock * keyBlock), scratch.from(queryBlock * (keyBlock + 1))
    )
    for first in Swift.stride(from: 0, to: keys, by: keyBlock) {
      let columns = keyRange(first, rows)
      if columns.isEmpty { break }
      scores(head, sample, rows, columns, into: tile)
      for row in 0..<rows.count {
        let factor = softmax(
          tile, row * columns.count, columns.count, row, maxima, sums, isFirst: first == 0)
        if first > 0 {
          forVectors(row * stride..<row * stride + width) {
            result[$0, $1] = result[$0, $1] * factor
          }
        }
      }
      multiply(
        tile, .rows(every: columns.count),
        v.head(head, sample: sample, token: columns.lowerBound, width: width), v.rows,
        into: result, stride: stride, m: rows.count, n: width, k: columns.count,
        beta: first == 0 ? 0 : 1)
    }
    for row in 0..<rows.count {
      let inverse = 1 / sums[row]
      forVectors(row * stride..<row * stride + width) {
        result[$0, $1] = result[$0, $1] * inverse
      }
      logSums[part * queries + rows.lowerBound + row] = maxima[row] + logf(sums[row])
    }
  }

  /// Replaces a row of scores by exp(score − maximum) and adds to the row's sum.
  ///
  /// - Returns: What the results so far must be multiplied by.
  private func softmax(
    _ tile: Floats, _ start: Int, _ length: Int, _ row: Int, _ maxima: Floats, _ sums: Floats,
    isFirst: Bool
  ) -> Float {
    var largest = Vector(repeating: -.infinity)
    forVectors(start..<start + length) { index, lanes in
      let values = tile[index, lanes]
      if lanes == 8 {
        largest.replace(with: values, where: .!(values .<= largest))
      } else {
        for lane in 0..<lanes where !(values[lane] <= largest[lane]) {
          largest[lane] = values[lane]
        }
      }
    }
    var maximum = isFirst ? -.infinity : maxima[row]
    let before = maximum
    for lane in 0..<8 where !(largest[lane] <= maximum) { maximum = largest[lane] }
    var sum = Vector()
    forVectors(start..<start + length) { index, lanes in
      let weights = exp(tile[index, lanes] - maximum)
      tile[index, lanes] = weights
      sum += weights.firstLanes(lanes)
    }
    let factor = isFirst ? 0 : expf(before - maximum)
    maxima[row] = maximum
    sums[row] = (isFirst ? 0 : sums[row] * factor) + sum.sum()
    return factor
  }

  /// Computes the gradients of one head of one sample.
  func backward(
    _ part: Int, _ y: Floats, _ logSums: Floats, _ dy: Floats,
    into targets: (queries: HeadColumns, keys: HeadColumns, values: HeadColumns),
    _ scratch: Floats
  ) {
    let (sample, head) = part.quotientAndRemainder(dividingBy: count)
    let (dq, dk, dv) = targets
    let (weights, gradients) = (scratch, scratch.from(queryBlock * keyBlock))
    let products = scratch.from(2 * queryBlock * keyBlock)
    let stride = count * width
    let start = sample * queries * stride + head * width
    for query in 0..<queries {
      var sum = Vector()
      let row = start + query * stride
      forVectors(row..<row + width) { sum.addProduct(dy[$0, $1], y[$0, $1]) }
      products[query] = sum.sum()
    }
    for first in Swift.stride(from: 0, to: keys, by: keyBlock) {
      var isFirstRow = true
      for block in Swift.stride(from: 0, to: queries, by: queryBlock) {
        let rows = block..<min(block + queryBlock, queries)
        let columns = keyRange(first, rows)
        // A causal block of keys may not be seen by the first queries; its gradient starts at 0.
        let wholeColumns = first..<min(first + keyBlock, keys)
        if isFirstRow { clear(dk, dv, head, sample, wholeColumns) }
        isFirstRow = false
        if columns.isEmpty { continue }
        scores(head, sample, rows, columns, into: weights)
        let outputGradient = dy.from(start + rows.lowerBound * stride)
        multiply(
          outputGradient, .rows(every: stride),
          v.head(head, sample: sample, token: columns.lowerBound, width: width),
          .columns(every: v.stride), into: gradients, stride: columns.count, m: rows.count,
          n: columns.count, k: width)
        for row in rows {
          scoreGradients(
            weights, gradients, (row - rows.lowerBound) * columns.count, columns.count,
            logSums[part * queries + row], products[row])
        }
        multiply(
          weights, .columns(every: columns.count), outputGradient, .rows(every: stride),
          into: dv.head(head, sample: sample, token: columns.lowerBound, width: width),
          stride: dv.stride, m: columns.count, n: width, k: rows.count, beta: 1)
        multiply(
          gradients, .columns(every: columns.count),
          q.head(head, sample: sample, token: rows.lowerBound, width: width), q.rows,
          into: dk.head(head, sample: sample, token: columns.lowerBound, width: width),
          stride: dk.stride, m: columns.count, n: width, k: rows.count, beta: 1)
        multiply(
          gradients, .rows(every: columns.count),
          k.head(head, sample: sample, token: columns.lowerBound, width: width), k.rows,
          into: dq.head(head, sample: sample, token: rows.lowerBound, width: width),
          stride: dq.stride, m: rows.count, n: width, k: columns.count,
          beta: first == 0 ? 0 : 1)
      }
    }
  }

  /// Replaces scores by probabilities, and their gradients by those of the products q·k.
  private func scoreGradients(
    _ weights: Floats, _ gradients: Floats, _ start: Int, _ length: Int, _ logSum: Float,
    _ product: Float
  ) {
    forVectors(start..<start + length) { index, lanes in
      let probability = exp(weights[index, lanes] - logSum)
      weights[index, lanes] = probability
      gradients[index, lanes] = probability * (gradients[index, lanes] - product) * scale
    }
  }

  private func clear(
    _ dk: HeadColumns, _ dv: HeadColumns, _ head: Int, _ sample: Int, _ columns: Range<Int>
  ) {
    for key in columns {
      dk.head(head, sample: sample, token: key, width: width).fill(0..<width, with: 0)
      dv.head(head, sample: sample, token: key, width: width).fill(0..<width, with: 0)
    }
  }
}
