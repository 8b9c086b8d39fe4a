import Tensors

/// Which low-rank updates stand beside one product: y += scale · (x Dᵀ) Uᵀ for some columns of y.
///
/// Products that share their input (queries, keys, values) are one product with three parts. All
/// D and U lie in one flat tensor. The D of the parts follow one another in it, so that the x Dᵀ of
/// all parts are one product too.
package struct LowRankBranch {
  /// The update of one of the joined layers.
  package struct Part: Hashable, Sendable {
    /// The columns of y that it adds to.
    package let outputs: Range<Int>
    package let rank: Int

    /// Where D [rank, inputs] begins in the flat tensor; for a convolution [rank, 3, 3, inputs].
    package let down: Int

    /// Where U [outputs, rank] begins in the flat tensor.
    package let up: Int
    package let scale: Float

    package init(outputs: Range<Int>, rank: Int, down: Int, up: Int, scale: Float) {
      self.outputs = outputs
      self.rank = rank
      self.down = down
      self.up = up
      self.scale = scale
    }
  }

  package let parts: [Part]
  package let parameters: Tensor

  /// The parameters in the type of activations, which products read; where that is float32, the
  /// parameters themselves.
  package let factors: Tensor

  /// Gradients in the layout of `parameters`, added to; `nil` where nothing is trained.
  package let gradient: Tensor?
  let tape: Tape?
  let dropout: AdapterDropout?

  package init(
    parts: [Part], parameters: Tensor, factors: Tensor? = nil, gradient: Tensor? = nil,
    tape: Tape? = nil, dropout: AdapterDropout? = nil
  ) {
    precondition(!parts.isEmpty && (gradient == nil) == (tape == nil))
    self.parts = parts
    self.parameters = parameters
    self.factors = factors ?? parameters
    self.gradient = gradient
    self.tape = tape
    self.dropout = dropout
  }

  /// The ranks of all parts together: the width of x Dᵀ.
  package var width: Int { parts.reduce(0) { $0 + $1.rank } }

  /// Where the D of the first part begins.
  package var down: Int { parts[0].down }

  /// The tape, while it records.
  var recordingTape: Tape? { tape.flatMap { $0.isRecording ? $0 : nil } }

  /// Traps where the parts do not belong to a product of these extents.
  func check(inputs: Int, outputs: Int) {
    var down = self.down
    for part in parts {
      precondition(part.down == down, "the D of joined parts must follow one another")
      precondition(part.outputs.upperBound <= outputs, "\(part.outputs) of \(outputs) columns")
      down += part.rank * inputs
    }
  }
}

/// The three dropouts of a low-rank branch, drawn in each step.
///
/// They multiply x Dᵀ by one mask: 0 everywhere (module), 0 or 1/(1 − p) per element (network) and
/// per rank of a sample (rank), each independent of the others.
package struct AdapterDropout {
  package let module: Float
  package let network: Float
  package let rank: Float
  package let seed: UInt64

  /// Which module it is: modules draw from different streams.
  package var stream: UInt64

  /// The number of the step, one int32 on the device, which the training loop raises.
  package let step: Tensor

  package init(
    module: Float, network: Float, rank: Float, seed: UInt64, stream: UInt64 = 0, step: Tensor
  ) {
    self.module = module
    self.network = network
    self.rank = rank
    self.seed = seed
    self.stream = stream
    self.step = step
  }
}
