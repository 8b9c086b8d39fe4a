package import Compute
import Tensors

extension CUDABackend {
  package func linear(_ operands: LinearOperands, into y: Tensor, saving saved: BranchActivations?)
  {
    let (rows, inputs, outputs) = (operands.rows, operands.inputs, operands.outputs)
    let x = MatrixView(operands.x, rows: rows, columns: inputs)
    let weight = MatrixView(operands.weight, rows: outputs, columns: inputs)
    let result = MatrixView(y, rows: rows, columns: outputs)
    let bias = operands.bias?.deviceAddress
    let residual = operands.residual.map { MatrixView($0, rows: rows, columns: outputs) }
    guard
      let branch = BranchProducts(
        operands.branch, saved, inputs: inputs, rows: rows, on: self)
    else {
      return products.multiply(
        x.plain, weight.transposed, into: result, adding: residual, bias: bias)
    }
    branch.computeHidden(x, rows: 0..<rows)
    branch.applyMask()
    if branch.covers(outputs) {
      // The small product first: the large one reads its result as an addend, where it is small
      // beside what is added and loses little by being rounded.
      branch.addUpdate(to: result, rows: 0..<rows, adding: residual)
      products.multiply(x.plain, weight.transposed, into: result, adding: result, bias: bias)
    } else {
      products.multiply(x.plain, weight.transposed, into: result, adding: residual, bias: bias)
      branch.addUpdate(to: result, rows: 0..<rows, adding: result)
    }
  }

  package func linearBackward(
    _ operands: LinearOperands, saved: BranchActivations?, gradient dy: Tensor, into dx: Tensor?,
    accumulating: Bool
  ) {
    let (rows, inputs, outputs) = (operands.rows, operands.inputs, operands.outputs)
    let x = MatrixView(operands.x, rows: rows, columns: inputs)
    let weight = MatrixView(operands.weight, rows: outputs, columns: inputs)
    let dy = MatrixView(dy, rows: rows, columns: outputs)
    let target = dx.map { MatrixView($0, rows: rows, columns: inputs) }
    var addend = accumulating ? target : nil
    if let branch = BranchProducts(
      operands.branch, saved, inputs: inputs, rows: rows, on: self)
    {
      let hiddenGradient = branch.hiddenGradient(dy)
      branch.addUpGradient(dy)
      branch.addDownGradient(hiddenGradient, x, rows: 0..<rows)
      if let target {
        branch.addInputGradient(hiddenGradient, rows: 0..<rows, to: target, adding: addend)
        addend = target
      }
    }
    if let target { products.multiply(dy.plain, weight.plain, into: target, adding: addend) }
  }
}
