package import Tensors

/// The operations of a device.
///
/// The caller (`Operations/`) has checked the shapes. A backend writes a result to a tensor that the
/// caller made; with `accumulating` it adds to that tensor. Rows are all extents but the last,
/// joined.
package protocol Backend: AnyObject, Sendable {
  /// Its name in messages and tests: `cpu`.
  var name: String { get }

  /// The type of activations and base weights; low-rank parameters are always float32.
  var activationType: ElementType { get }

  /// Does work that differs from time to time only in the contents of the tensors that it reads.
  ///
  /// A device may record the work and then repeat it without calling `body` again. So `body` calls
  /// operations only: it reads no values back, writes none from the host, and leaves its results in
  /// tensors that existed before.
  func repeating(_ work: RepeatedWork, _ body: () -> Void)

  /// Throws the device's first fault, if there was one. After a fault operations do nothing, and
  /// values are not to be trusted.
  func check() throws

  /// Bytes of memory that tensors use or that are kept for them.
  var heldByteCount: Int { get }

  /// Bytes of the device's memory that are in use, by all programs; `nil` where the device is the host.
  var usedByteCount: Int? { get }

  /// Gives back memory that no tensor uses.
  func trim()

  /// What the device goes on without, since it was last asked: a line each, to be shown once.
  func takeNotes() -> [String]

  func allocate(byteCount: Int) -> Storage
  func release(address: UInt, byteCount: Int)

  func write(_ values: [Float], to tensor: Tensor)
  func write(_ values: [Int32], to tensor: Tensor)
  func values(of tensor: Tensor) -> [Float]

  /// Asks for the values that a float32 tensor has when all work so far is done.
  ///
  /// - Returns: Waits for them and returns them. More work may be asked for before.
  func promise(of tensor: Tensor) -> () -> [Float]

  func fill(_ tensor: Tensor, with value: Float)

  /// Copies, from one of float32 and the type of activations to the other where they differ.
  func copy(_ source: Tensor, into target: Tensor)

  func add(_ a: Tensor, _ b: Tensor, into sum: Tensor)

  /// y = x · factor, with one factor for all; x may be float32 where y is not.
  func scale(_ x: Tensor, by factor: Tensor, into y: Tensor)

  func linear(_ operands: LinearOperands, into y: Tensor, saving: BranchActivations?)

  /// Adds the branch's gradients to its flat gradient, and writes x's where it is wanted.
  func linearBackward(
    _ operands: LinearOperands, saved: BranchActivations?, gradient dy: Tensor, into dx: Tensor?,
    accumulating: Bool)

  func convolution(_ operands: ConvolutionOperands, into y: Tensor, saving: BranchActivations?)
  func convolutionBackward(
    _ operands: ConvolutionOperands, saved: BranchActivations?, gradient dy: Tensor,
    into dx: Tensor?, accumulating: Bool)

  /// Writes the mask of a low-rank branch, [samples, tokens, width]; see `AdapterDropout`.
  func fillMask(_ mask: Tensor, _ dropout: AdapterDropout)

  /// Sums over the pixels of each sample: [b, …, c] to [b, c].
  func sumOverPixels(_ x: Tensor, into sums: Tensor, accumulating: Bool)

  /// - Parameter statistics: [2, b, groups]: mean and 1/√(variance + ε), for the backward pass.
  func groupNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor)
  func groupNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool)

  /// - Parameter statistics: [2, rows].
  func layerNorm(_ x: Tensor, _ norm: NormOperands, into y: Tensor, statistics: Tensor)
  func layerNormBackward(
    _ x: Tensor, _ norm: NormOperands, statistics: Tensor, gradient dy: Tensor, into dx: Tensor,
    accumulating: Bool)

  /// - Parameter logSums: [b, heads, queries]: log Σ exp of each row of scores.
  func attention(_ operands: AttentionOperands, into y: Tensor, logSums: Tensor)

  /// Writes the gradients of all three, `dq` in the layout of q and so on.
  func attentionBackward(
    _ operands: AttentionOperands, output: Tensor, logSums: Tensor, gradient dy: Tensor,
    into gradients: AttentionGradients)

  func activate(_ x: Tensor, _ activation: Activation, into y: Tensor)
  func activateBackward(
    _ x: Tensor, _ activation: Activation, gradient dy: Tensor, into dx: Tensor, accumulating: Bool)
  func gatedGELU(_ x: Tensor, into y: Tensor)
  func gatedGELUBackward(_ x: Tensor, gradient dy: Tensor, into dx: Tensor, accumulating: Bool)

  /// Copies columns `from ..< from + width` of x to columns `to ..< to + width` of y.
  func copyColumns(
    of x: Tensor, from: Int, to y: Tensor, at to: Int, width: Int, accumulating: Bool)

  /// Nearest neighbours, [b, h, w, c] to [b, h', w', c].
  func upsample(_ x: Tensor, into y: Tensor)
  func upsampleBackward(_ dy: Tensor, into dx: Tensor, accumulating: Bool)

  func embedTokens(_ tokens: Tensor, table: Tensor, positions: Tensor, into y: Tensor)

  /// Copies row places[i] of x to row i of y.
  func takeRows(_ x: Tensor, at places: Tensor, into y: Tensor)

  /// Adds row i of dy to row places[i] of dx.
  func addRows(_ dy: Tensor, at places: Tensor, to dx: Tensor)
  func embedTimesteps(_ timesteps: Tensor, into y: Tensor)

  /// Writes the weighted mean loss to `loss` and its gradient to `dx`, which is float32 as they are.
  func loss(_ operands: LossOperands, into loss: Tensor, perSample: Tensor, gradient dx: Tensor)

  func norm(of gradient: Tensor, into norm: Tensor)

  /// Multiplies by min(1, limit / (norm + 1e-6)).
  func clip(_ gradient: Tensor, norm: Tensor, to limit: Float)

  /// - Parameter rates: `AdamRates.values`.
  func adamW(_ state: AdamState, rates: Tensor)

  /// - Parameter rates: Learning rate, weight decay, β₁, β₂.
  func lion(_ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor)

  /// - Parameter rates: Learning rate, weight decay, momentum, 1 for Nesterov's or 0.
  func momentumSGD(_ parameters: Tensor, gradient: Tensor, momentum: Tensor, rates: Tensor)
  func prodigy(_ state: ProdigyState, settings: ProdigySettings)

  /// - Parameter rates: The step's rate (relative or given), β₂ of the step (1 − t^−0.8), weight
  ///   decay, clip threshold, 1 to scale by the parameters or 0, ε₁, ε₂, β₁ where there is momentum.
  func adafactor(_ state: AdafactorState, rates: Tensor)

  /// Scales down D and U of each product whose ‖scale·U·D‖ is above the limit; see
  /// `scale_weight_norms`.
  func limitNorms(_ parameters: Tensor, of products: [LowRankProduct], to limit: Float)
}

extension Backend {
  /// Whether its memory is the host's.
  package var isHost: Bool { name == "cpu" }
  package var usedByteCount: Int? { nil }
  package func trim() {}
  package func takeNotes() -> [String] { [] }

  /// The values as they are now, for a device whose work is done when it is asked for.
  package func promise(of tensor: Tensor) -> () -> [Float] {
    let values = values(of: tensor)
    return { values }
  }
}

/// Work that is done many times, with what a device recorded of it: keep one for as long as its
/// tensors are the same.
package final class RepeatedWork {
  /// The device's own.
  package var recording: AnyObject?

  package init() {}
}
