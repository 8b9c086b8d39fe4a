import Tensors

/// The distance between two numbers.
package enum Distance: Hashable, Sendable {
  /// (p − y)².
  case squared

  /// |p − y|.
  case absolute

  /// 2c(√((p − y)² + c²) − c), with a c for each sample.
  case huber

  /// 2(√((p − y)² + c²) − c).
  case smoothAbsolute
}

package struct LossOperands {
  package let distance: Distance

  /// [b, …].
  package let prediction: Tensor
  package let target: Tensor

  /// One weight per sample, [b].
  package let weights: Tensor

  /// c of the Huber distances, [b].
  package let thresholds: Tensor?

  /// [b, pixels]: multiplies the distance at each pixel, without renormalization.
  package let mask: Tensor?
}

package struct Loss {
  /// The mean over the batch: one number, from which `Tape.backward` starts.
  package let mean: Tensor

  /// Each sample's mean over its elements, times its weight: [b].
  package let perSample: Tensor
}

extension Tensor {
  /// Returns mean over b of weight_b · mean over elements of mask · distance.
  ///
  /// The gradient is made in the same pass.
  package func loss(
    _ distance: Distance, target: Tensor, weights: Tensor, thresholds: Tensor? = nil,
    mask: Tensor? = nil
  ) -> Loss {
    let samples = shape.extents[0]
    precondition(shape == target.shape && weights.count == samples, "\(shape), \(target.shape)")
    precondition(thresholds == nil || thresholds?.count == samples)
    precondition(mask == nil || mask?.count == rows, "the mask has not one number a pixel")
    let operands = LossOperands(
      distance: distance, prediction: detached, target: target, weights: weights,
      thresholds: thresholds, mask: mask)
    let mean = Tensor(shape: [1], elementType: .float32, on: backend)
    let perSample = Tensor(shape: [samples], elementType: .float32, on: backend)
    // float32 whatever the prediction is: before it is scaled, fp16 would leave it few digits.
    let gradient = Tensor(shape: shape, elementType: .float32, on: backend)
    backend.loss(operands, into: mean, perSample: perSample, gradient: gradient)
    guard let tape = tape(of: self) else { return Loss(mean: mean, perSample: perSample) }
    let x = detached
    let recorded = tape.record(mean) { [node] seed in
      let dx = x.empty(x.shape)
      gradient.backend.scale(gradient, by: seed, into: dx)
      node?.add(dx)
    }
    return Loss(mean: recorded, perSample: perSample)
  }
}
