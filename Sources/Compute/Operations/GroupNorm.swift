import Tensors

/// The settings of a normalization.
package struct NormOperands {
  /// Groups of channels that share their mean; 1 for a layer norm.
  package let groups: Int

  /// One factor per channel, then one addend per channel.
  package let weight: Tensor
  package let bias: Tensor
  package let epsilon: Float

  /// Applied to the result in the same pass.
  package let activation: Activation?
}

extension Tensor {
  /// Returns each group of channels of each sample with mean 0 and variance 1, scaled and shifted.
  ///
  /// Statistics are over the channels of a group and all pixels; the activation is part of the
  /// pass.
  ///
  /// Source: Wu and He, "Group Normalization" (2018).
  package func groupNorm(
    groups: Int, weight: Tensor, bias: Tensor, epsilon: Float, activation: Activation? = nil
  ) -> Tensor {
    let samples = shape.extents[0]
    precondition(
      shape.rank >= 3 && channels % groups == 0 && weight.count == channels
        && bias.count == channels, "\(groups) groups of \(shape)")
    let norm = NormOperands(
      groups: groups, weight: weight, bias: bias, epsilon: epsilon, activation: activation)
    let x = detached
    let y = empty(shape)
    let statistics = Tensor(shape: [2, samples, groups], elementType: .float32, on: backend)
    backend.groupNorm(x, norm, into: y, statistics: statistics)
    guard let tape = tape(of: self) else { return y }
    return tape.record(y) { [node] dy in
      node?.add(like: x) { dx, accumulating in
        dx.backend.groupNormBackward(
          x, norm, statistics: statistics, gradient: dy, into: dx, accumulating: accumulating)
      }
    }
  }
}
