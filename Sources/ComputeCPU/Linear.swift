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
    forBlocks(rows: rows, columns: outputs, cost: Float(inputs) * productCost) {
      range, columns in
      let block = result.rows(from: range.lowerBound)
      addends.write(to: result, rows: range, columns: columns)
      multiply(
        x.rows(from: range.lowerBound), weight.rows(from: columns.lowerBound).transposed,
        into: block.columns(from: columns.lowerBound), m: range.count, n: columns.count,
        k: inputs, beta: addends.isEmpty ? 0 : 1)
      if rows >= outputs {
        branch?.forward(x.rows(from: range.lowerBound), rows: range, into: result)
      }
    }
    if rows < outputs { branch?.forward(x, rows: 0..<rows, into: result) }
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
      if rows < inputs || dx == nil {
        forRanges(rows, cost: Float(outputs) * 0.1, step: 8) { range in
          branch?.backward(dy, rows: range, into: hiddenGradient)
        }
      }
      if let dx {
        forBlocks(rows: rows, columns: inputs, cost: Float(outputs) * productCost) {
          range, columns in
          if rows >= inputs { branch?.backward(dy, rows: range, into: hiddenGradient) }
          let target = dx.rows(from: range.lowerBound).columns(from: columns.lowerBound)
          multiply(
            dy.rows(from: range.lowerBound), weight.columns(from: columns.lowerBound),
            into: target, m: range.count, n: columns.count, k: outputs,
            beta: accumulating ? 1 : 0)
          branch?.inputGradient(
            hiddenGradient, rows: range, columns: columns, into: target)
        }
      }
      branch?.parameterGradients(x, hiddenGradient, dy, rows: rows, on: self)
    }
  }
}

/// The initial value of a product's result: a bias, another tensor, both or nothing.
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
