package import Compute
import LinearAlgebra

extension CPUBackend {
  package func linear(_ operands: LinearOperands, into y: Tensor, saving saved: BranchActivations?)
  {
    let (rows, inputs, outputs) = (operands.rows, operands.inputs, operands.outputs)
    let (x, weight, result) = (Floats(operands.x), Floats(operands.weight), Floats(y))
    let addends = Addends(operands.bias, operands.residual)
    let branch = operands.branch.flatMap { branch in
      saved.map { BranchView(branch, $0, inputs: inputs, outputs: outputs) }
    }
    let costOfRow = Float(inputs * outputs) * productCost
    if rows >= 8 * workers.count || threads(for: Float(rows) * costOfRow) == 1 {
      forRanges(rows, cost: costOfRow, step: 8) { range in
        let hasAddends = addends.write(to: result, rows: range, outputs: 0..<outputs, of: outputs)
        multiply(
          x.from(range.lowerBound * inputs), .rows(every: inputs), weight, .columns(every: inputs),
          into: result.from(range.lowerBound * outputs), stride: outputs, m: range.count,
          n: outputs, k: inputs, beta: hasAddends ? 1 : 0)
        branch?.forward(x, rows: range, into: result)
      }
    } else {
      forRanges(outputs, cost: Float(rows * inputs) * productCost, step: 16) { range in
        let hasAddends = addends.write(to: result, rows: 0..<rows, outputs: range, of: outputs)
        multiply(
          x, .rows(every: inputs), weight.from(range.lowerBound * inputs), .columns(every: inputs),
          into: result.from(range.lowerBound), stride: outputs, m: rows, n: range.count, k: inputs,
          beta: hasAddends ? 1 : 0)
      }
      branch?.forward(x, rows: 0..<rows, into: result)
    }
  }

  package func linearBackward(
    _ operands: LinearOperands, saved: BranchActivations?, gradient dy: Tensor, into dx: Tensor?,
    accumulating: Bool
  ) {
    let (rows, inputs, outputs) = (operands.rows, operands.inputs, operands.outputs)
    let (x, weight, dy) = (Floats(operands.x), Floats(operands.weight), Floats(dy))
    let dx = dx.map { Floats($0) }
    let branch = operands.branch.flatMap { branch in
      saved.map { BranchView(branch, $0, inputs: inputs, outputs: outputs) }
    }
    withScratch(rows * (branch?.width ?? 0)) { hiddenGradient in
      forRanges(rows, cost: Float(inputs * outputs) * productCost, step: 8) { range in
        branch?.backward(dy, rows: range, into: hiddenGradient)
        guard let dx else { return }
        let target = dx.from(range.lowerBound * inputs)
        multiply(
          dy.from(range.lowerBound * outputs), .rows(every: outputs), weight,
          .rows(every: inputs), into: target, stride: inputs, m: range.count, n: inputs,
          k: outputs, beta: accumulating ? 1 : 0)
        branch?.inputGradient(hiddenGradient, rows: range, into: target)
      }
      branch?.parameterGradients(x, hiddenGradient, dy, rows: rows, on: self)
    }
  }
}

/// What a product's result begins with: a bias, another tensor, both or nothing.
struct Addends {
  private let bias: Floats?
  private let residual: Floats?

  init(_ bias: Tensor?, _ residual: Tensor?) {
    self.bias = bias.map { Floats($0) }
    self.residual = residual.map { Floats($0) }
  }

  /// Writes the sum of what there is to some rows and columns of a result.
  ///
  /// - Returns: Whether there is anything; otherwise nothing was written.
  func write(
    to result: Floats, rows: Range<Int>, outputs: Range<Int>, of stride: Int
  ) -> Bool {
    if bias == nil && residual == nil { return false }
    for row in rows {
      let start = row * stride
      switch (bias, residual) {
      case (let bias?, let residual?):
        forVectors(outputs) {
          result[start + $0, $1] = bias[$0, $1] + residual[start + $0, $1]
        }
      case (let addend?, nil):
        result.copy(
          addend, from: outputs.lowerBound, to: start + outputs.lowerBound, count: outputs.count)
      case (nil, let addend?):
        let first = start + outputs.lowerBound
        result.copy(addend, from: first, to: first, count: outputs.count)
      case (nil, nil):
        break
      }
    }
    return true
  }
}
