import Glibc
import Tensors

// The operations on flat parameters. Each reads what changes from step to step from `rates`, a
// small float32 tensor on the device, and changes its tensors in place.

/// The flat tensors of AdamW, or slices of one group of them.
package struct AdamState {
  package let parameters: Tensor
  package let gradient: Tensor
  package let first: Tensor
  package let second: Tensor

  package init(parameters: Tensor, gradient: Tensor, first: Tensor, second: Tensor) {
    precondition(
      parameters.count == gradient.count && first.count == parameters.count
        && second.count == parameters.count)
    self.parameters = parameters
    self.gradient = gradient
    self.first = first
    self.second = second
  }

  package func slice(_ range: Range<Int>) -> AdamState {
    AdamState(
      parameters: parameters.slice(range), gradient: gradient.slice(range),
      first: first.slice(range), second: second.slice(range))
  }
}

/// The flat tensors of Prodigy.
package struct ProdigyState {
  package let adam: AdamState

  /// The parameters at the start.
  package let origin: Tensor

  /// s: the weighted sum of gradients.
  package let sums: Tensor

  /// [d, largest estimate, numerator, number of steps done] on the device.
  package let estimate: Tensor

  package init(adam: AdamState, origin: Tensor, sums: Tensor, estimate: Tensor) {
    precondition(estimate.count == 4 && origin.count == adam.parameters.count)
    precondition(sums.count == adam.parameters.count)
    self.adam = adam
    self.origin = origin
    self.sums = sums
    self.estimate = estimate
  }
}

/// The constants of a run of Prodigy, and the step's learning rate.
package struct ProdigySettings {
  /// [learning rate] on the device.
  package let rates: Tensor

  /// The groups whose learning rate is not 0; the others get no update.
  package let active: [Range<Int>]
  package var betas: (first: Float, second: Float) = (0.9, 0.999)

  /// β₃; √β₂ where none is given.
  package var beta3: Float?
  package var epsilon: Float = 1e-8
  package var weightDecay: Float = 0
  package var initialEstimate: Float = 1e-6
  package var coefficient: Float = 1
  package var growthRate: Float = .infinity
  package var correctsBias = false
  package var safeguardsWarmup = false

  package init(rates: Tensor, active: [Range<Int>]) {
    self.rates = rates
    self.active = active
  }
}

/// One parameter tensor, as Adafactor factors its second moment over the last two extents.
///
/// The elements lie as [outer, rows, columns, inner]; each of the outer × inner matrices has its
/// own row and column means. A linear layer's is [1, r, c, 1]; a 3×3 convolution's D, kept as
/// [r, 3, 3, in], is [r, 3, 3, in]; a 1×1 convolution's [r, c, 1, 1] is [r·c, 1, 1, 1].
package struct FactoredTensor: Hashable, Sendable {
  /// The index of its first element in the flat parameters.
  package let offset: Int
  package let outer: Int
  package let rows: Int
  package let columns: Int
  package let inner: Int

  /// The index of its first mean in the flat moments: rows, then columns, matrix after matrix.
  package let moments: Int

  package init(
    offset: Int, outer: Int = 1, rows: Int, columns: Int, inner: Int = 1, moments: Int
  ) {
    self.offset = offset
    self.outer = outer
    self.rows = rows
    self.columns = columns
    self.inner = inner
    self.moments = moments
  }

  package var count: Int { outer * rows * columns * inner }
  package var momentCount: Int { outer * inner * (rows + columns) }
}

/// The flat tensors of Adafactor.
package struct AdafactorState {
  package let parameters: Tensor
  package let gradient: Tensor

  /// Row and column means of the squared gradients.
  package let moments: Tensor
  package let tensors: [FactoredTensor]

  /// Running means of the updates, where beta1 is used.
  package let momentum: Tensor?

  package init(
    parameters: Tensor, gradient: Tensor, moments: Tensor, tensors: [FactoredTensor],
    momentum: Tensor?
  ) {
    self.parameters = parameters
    self.gradient = gradient
    self.moments = moments
    self.tensors = tensors
    self.momentum = momentum
  }
}

/// Numbers of an AdamW step, in the order of the device's `rates`.
package struct AdamRates {
  package static let count = 7
  package let values: [Float]

  /// - Parameter step: Counts from 1.
  package init(
    learningRate: Float, weightDecay: Float, beta1: Float, beta2: Float, epsilon: Float, step: Int
  ) {
    let first = 1 - pow(Double(beta1), Double(step))
    let second = 1 - pow(Double(beta2), Double(step))
    values = [
      learningRate, weightDecay, beta1, beta2, epsilon, Float(1 / first),
      Float(1 / second.squareRoot()),
    ]
  }
}

/// One U·D within the flat parameters, whose norm may be limited.
package struct LowRankProduct: Hashable, Sendable {
  package let down: Int
  package let up: Int
  package let rank: Int
  package let inputs: Int
  package let outputs: Int
  package let scale: Float

  package init(down: Int, up: Int, rank: Int, inputs: Int, outputs: Int, scale: Float) {
    self.down = down
    self.up = up
    self.rank = rank
    self.inputs = inputs
    self.outputs = outputs
    self.scale = scale
  }
}

extension Backend {
  /// Returns the Euclidean norm of a gradient, as one number on the device.
  package func norm(of gradient: Tensor) -> Tensor {
    let norm = Tensor(shape: [1], elementType: .float32, on: self)
    self.norm(of: gradient, into: norm)
    return norm
  }
}
