package import Compute

extension CPUBackend {
  package func linear(_ operands: LinearOperands, into y: Tensor, saving saved: BranchActivations?)
  {
    let (rows, inputs, outputs) = (operands.rows, operands.inputs, operands.outputs)
    let x = Block(Floats(operands.x), stride: inputs)
    let weight = Block(Floats(operands.weight), stride: inputs)
    let result = Block(Floats(y), stride: outputs)
    let addends = Addends(operands.bias, operands.residual)
    let branch = BranchView(operands.branch, saved, inputs: inputs, outputs: outputs)
    let costOfRow = Float(inputs * outputs) * productCost
    if rows >= 8 * workers.count || threads(for: Float(rows) * costOfRow) == 1 {
      forRanges(rows, cost: costOfRow, step: 8) { range in
        addends.write(to: result, rows: range, columns: 0..<outputs)
        multiply(
          x.rows(from: range.lowerBound), weight.transposed,
          into: result.rows(from: range.lowerBound), m: range.count, n: outputs, k: inputs,
          beta: addends.isEmpty ? 0 : 1)
        branch?.forward(x.rows(from: range.lowerBound), rows: range, into: result)
      }
    } else {
      forRanges(outputs, cost: Float(rows * inputs) * productCost, step: 16) { range in
        addends.write(to: result, rows: 0..<rows, columns: range)
        multiply(
          x, weight.rows(from: range.lowerBound).transposed,
          into: result.columns(from: range.lowerBound), m: rows, n: range.count, k: inputs,
          beta: addends.isEmpty ? 0 : 1)
      }
      branch?.forward(x, rows: 0..<rows, into: result)
    }
  }

  package func linearBackward(
    _ operands: LinearOperands, saved: BranchActivations?, gradient dy: Tensor, into dx: Tensor?,
    accumulating: Bool
  ) {
    let (rows, inputs, outputs) = (operands.rows, operands.inputs, operands.outputs)
    let x = Block(Floats(operands.x), stride: inputs)
    let weight = Block(Floats(operands.weight), stride: inputs)
    let dy = Block(Floats(dy), stride: outputs)
    let dx = dx.map { Block(Floats($0), stride: inputs) }
    let branch = BranchView(operands.branch, saved, inputs: inputs, outputs: outputs)
    withScratch(rows * (branch?.width ?? 0)) { scratch in
      let hiddenGradient = Block(scratch, stride: branch?.width ?? 0)
      forRanges(rows, cost: Float(inputs * outputs) * productCost, step: 8) { range in
        branch?.backward(dy, rows: range, into: hiddenGradient)
        guard let target = dx?.rows(from: range.lowerBound) else { return }
        multiply(
          dy.rows(from: range.lowerBound), weight, into: target, m: range.count, n: inputs,
          k: outputs, beta: accumulating ? 1 : 0)
        branch?.inputGradient(hiddenGradient, rows: range, into: target)
      }
      branch?.parameterGradients(x, hiddenGradient, dy, rows: rows, on: self)
    }
  }
}

/// What a product's result begins with: a bias, another tensor, both or nothing.
struct Addends: Sendable {
  private let bias: Floats?
  private let residual: Floats?

  init(_ bias: Tensor?, _ residual: Tensor?) {
    self.bias = bias.map { Floats($0) }
    self.residual = residual.map { Floats($0) }
  }

  var isEmpty: Bool { bias == nil && residual == nil }

  /// Writes the sum of what there is to some rows and columns of a result; nothing where empty.
  func write(to result: Block, rows: Range<Int>, columns: Range<Int>) {
    if isEmpty { return }
    let values = result.values
    for row in rows {
      let start = row * result.stride
      let first = start + columns.lowerBound
      switch (bias, residual) {
      case (let bias?, let residual?):
        forVectors(columns) { values[start + $0, $1] = bias[$0, $1] + residual[start + $0, $1] }
      case (let bias?, nil):
        values.copy(bias, from: columns.lowerBound, to: first, count: columns.count)
      case (nil, let residual?):
        values.copy(residual, from: first, to: first, count: columns.count)
      case (nil, nil):
        break
      }
    }
  }
}
