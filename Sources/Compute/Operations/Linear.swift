import Tensors

/// The operands of a product y = x Wᵀ + bias + residual + (low-rank branch).
package struct LinearOperands {
  /// [rows, inputs].
  package let x: Tensor

  /// W, [outputs, inputs].
  package let weight: Tensor
  package let bias: Tensor?

  /// [rows, outputs], added to the result.
  package let residual: Tensor?
  package let branch: LowRankBranch?

  package var rows: Int { x.rows }
  package var inputs: Int { weight.shape.extents[1] }
  package var outputs: Int { weight.shape.extents[0] }
}

/// Activations that the backward pass of a low-rank branch needs beside its input.
package struct BranchActivations {
  /// x Dᵀ after the mask, [rows, width].
  package let hidden: Tensor
  package let mask: Tensor?
}

extension Tensor {
  /// Returns x Wᵀ + bias + residual + the low-rank branch's update.
  ///
  /// - Parameters:
  ///   - weight: [outputs, inputs], without a gradient.
  ///   - residual: Has the result's shape.
  /// - Complexity: 2·rows·inputs·outputs operations.
  package func linear(
    _ weight: Tensor, bias: Tensor? = nil, adding residual: Tensor? = nil,
    branch: LowRankBranch? = nil
  ) -> Tensor {
    let operands = LinearOperands(
      x: detached, weight: weight, bias: bias, residual: residual?.detached, branch: branch)
    operands.check()
    let y = empty(shape(channels: operands.outputs))
    let saved = branch.map { $0.activations(rows: rows, samples: shape.extents[0], on: backend) }
    backend.linear(operands, into: y, saving: saved)
    guard let tape = tape(of: self, residual) ?? branch?.recordingTape else { return y }
    let kept = LinearOperands(
      x: operands.x, weight: weight, bias: nil, residual: nil, branch: branch)
    return tape.record(y) { [node] dy in
      residual?.node?.add(dy)
      addGradient(to: node, like: kept.x, always: branch?.gradient != nil) { dx, accumulating in
        dy.backend.linearBackward(
          kept, saved: saved, gradient: dy, into: dx, accumulating: accumulating)
      }
    }
  }
}

extension LinearOperands {
  func check() {
    precondition(x.channels == inputs, "x is \(x.shape), W is \(weight.shape)")
    precondition(bias == nil || bias?.count == outputs)
    precondition(
      residual == nil || (residual?.rows == rows && residual?.channels == outputs),
      "the residual is not [\(rows), \(outputs)]")
    branch?.check(inputs: inputs, outputs: outputs)
  }
}

extension LowRankBranch {
  /// Room for x Dᵀ, and this step's mask where there is dropout.
  func activations(
    rows: Int, samples: Int, on backend: any Backend
  ) -> BranchActivations {
    let shape: Shape = [samples, rows / samples, width]
    let hidden = Tensor(shape: shape, elementType: backend.activationType, on: backend)
    guard let dropout else { return BranchActivations(hidden: hidden, mask: nil) }
    let mask = Tensor(shape: shape, elementType: .float32, on: backend)
    backend.fillMask(mask, dropout)
    return BranchActivations(hidden: hidden, mask: mask)
  }
}
