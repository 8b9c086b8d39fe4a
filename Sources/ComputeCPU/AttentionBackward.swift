package import Compute
import Tensors

extension CPUBackend {
  package func attentionBackward(
    _ operands: AttentionOperands, output: Tensor, logSums: Tensor, gradient dy: Tensor,
    into gradients: AttentionGradients
  ) {
    let logSums = Floats(logSums)
    perform(operands.headCount, cost: operands.cost) { number in
      let head = Head(number, of: operands)
      withScratch(2 * queryBlock * keyBlock + head.queryCount) { scratch in
        let pass = HeadBackward(
          head: head, output: operands.columns(of: output).head(number, operands),
          gradient: operands.columns(of: dy).head(number, operands),
          logSums: logSums.from(number * head.queryCount),
          queryGradient: gradients.queries.head(number, operands),
          keyGradient: gradients.keys.head(number, operands),
          valueGradient: gradients.values.head(number, operands), scratch: scratch)
        pass.run()
      }
    }
  }
}

/// The gradients of one head of one sample, tile after tile of its scores.
private struct HeadBackward {
  let head: Head
  let output: Block
  let gradient: Block
  let logSums: Floats
  let queryGradient: Block
  let keyGradient: Block
  let valueGradient: Block

  /// Two tiles, then Σ output · gradient of each query.
  let scratch: Floats

  private var products: Floats { scratch.from(2 * queryBlock * keyBlock) }

  func run() {
    for query in 0..<head.queryCount {
      var sum = Vector()
      forVectors(0..<head.width) {
        sum.addProduct(
          output.values[query * output.stride + $0, $1],
          gradient.values[query * gradient.stride + $0, $1])
      }
      products[query] = sum.sum()
    }
    clear(keyGradient)
    clear(valueGradient)
    for first in stride(from: 0, to: head.keyCount, by: keyBlock) {
      for row in stride(from: 0, to: head.queryCount, by: queryBlock) {
        let rows = row..<min(row + queryBlock, head.queryCount)
        let columns = head.keyRange(from: first, for: rows)
        if !columns.isEmpty { addTile(rows, columns) }
      }
    }
  }

  /// Adds what a tile of queries and keys gives to all three gradients.
  private func addTile(_ rows: Range<Int>, _ columns: Range<Int>) {
    let weights = Block(scratch, stride: columns.count)
    let slopes = Block(scratch.from(queryBlock * keyBlock), stride: columns.count)
    let dy = gradient.rows(from: rows.lowerBound)
    head.scores(rows, columns, into: weights)
    multiply(
      dy, head.values.rows(from: columns.lowerBound).transposed, into: slopes, m: rows.count,
      n: columns.count, k: head.width)
    for row in rows { differentiate(row, (row - rows.lowerBound) * columns.count, columns.count) }
    multiply(
      weights.transposed, dy, into: valueGradient.rows(from: columns.lowerBound),
      m: columns.count, n: head.width, k: rows.count, beta: 1)
    multiply(
      slopes.transposed, head.queries.rows(from: rows.lowerBound),
      into: keyGradient.rows(from: columns.lowerBound), m: columns.count, n: head.width,
      k: rows.count, beta: 1)
    multiply(
      slopes, head.keys.rows(from: columns.lowerBound),
      into: queryGradient.rows(from: rows.lowerBound), m: rows.count, n: head.width,
      k: columns.count, beta: columns.lowerBound == 0 ? 0 : 1)
  }

  /// Replaces a row of scores by probabilities, and the probabilities' gradients by the scores'.
  private func differentiate(_ query: Int, _ start: Int, _ length: Int) {
    let (weights, slopes) = (scratch, scratch.from(queryBlock * keyBlock))
    let (logSum, product, scale) = (logSums[query], products[query], head.scale)
    for (index, lanes) in Vectors(start..<start + length) {
      let probability = exp(weights[index, lanes] - logSum)
      weights[index, lanes] = probability
      slopes[index, lanes] = probability * (slopes[index, lanes] - product) * scale
    }
  }

  private func clear(_ block: Block) {
    for key in 0..<head.keyCount {
      block.values.fill(key * block.stride..<key * block.stride + head.width, with: 0)
    }
  }
}
