import Compute
import Tensors

/// The products of a low-rank branch on the device.
///
/// For a convolution `inputs` counts the pixels of the kernel too.
struct BranchProducts {
  private let backend: CUDABackend
  private let branch: LowRankBranch
  private let inputs: Int

  /// x Dᵀ after the mask, [rows, width].
  let hidden: Tensor
  private let hiddenRows: MatrixView
  private let mask: Tensor?

  /// The D of all parts, one after another: [width, inputs].
  let down: MatrixView

  init?(
    _ branch: LowRankBranch?, _ saved: BranchActivations?, inputs: Int, rows: Int,
    on backend: CUDABackend
  ) {
    guard let branch, let saved else { return nil }
    self.backend = backend
    self.branch = branch
    self.inputs = inputs
    hidden = saved.hidden
    hiddenRows = MatrixView(saved.hidden, rows: rows, columns: branch.width)
    mask = saved.mask
    down = MatrixView(branch.factors, rows: branch.width, columns: inputs, from: branch.down)
  }

  /// Computes x Dᵀ for some rows, which lie at the beginning of x, and keeps it.
  func computeHidden(_ x: MatrixView, rows: Range<Int>) {
    backend.products.multiply(x.plain, down.transposed, into: hiddenRows.rows(rows))
  }

  /// Multiplies all of x Dᵀ by the mask.
  func applyMask() { applyMask(to: hidden) }

  /// Writes addend + s·(x Dᵀ)Uᵀ for some rows; where the parts leave columns out, the addend alone
  /// stays there, so that it must be the result itself.
  func addUpdate(to result: MatrixView, rows: Range<Int>, adding addend: MatrixView?) {
    forParts { part, columns in
      backend.products.multiply(
        hiddenRows.rows(rows).columns(columns).plain, up(part).transposed,
        into: result.columns(part.outputs), alpha: part.scale,
        adding: addend?.columns(part.outputs))
    }
  }

  /// Whether the parts' updates are in all columns of the result.
  func covers(_ outputs: Int) -> Bool {
    branch.parts.reduce(0) { $0 + $1.outputs.count } == outputs
  }

  /// Returns the gradient s·dy U of x Dᵀ, [rows, width].
  func hiddenGradient(_ dy: MatrixView) -> Tensor {
    let gradient = Tensor(
      shape: hidden.shape, elementType: hidden.elementType, on: backend)
    let target = MatrixView(gradient, rows: hiddenRows.rows, columns: branch.width)
    forParts { part, columns in
      backend.products.multiply(
        dy.columns(part.outputs).plain, up(part).plain, into: target.columns(columns),
        alpha: part.scale)
    }
    applyMask(to: gradient)
    return gradient
  }

  /// Writes addend + (s·dy U) D for some rows, which lie at the beginning of dx.
  func addInputGradient(
    _ hiddenGradient: Tensor, rows: Range<Int>, to dx: MatrixView, adding addend: MatrixView?
  ) {
    let gradient = MatrixView(hiddenGradient, rows: hiddenRows.rows, columns: branch.width)
    backend.products.multiply(gradient.rows(rows).plain, down.plain, into: dx, adding: addend)
  }

  /// Adds dU = s·dyᵀ(x Dᵀ) to the flat gradient.
  func addUpGradient(_ dy: MatrixView) {
    guard let flat = branch.gradient else { return }
    forParts { part, columns in
      let target = MatrixView(
        flat, rows: part.outputs.count, columns: part.rank, from: part.up)
      backend.products.multiply(
        dy.columns(part.outputs).transposed, hiddenRows.columns(columns).plain, into: target,
        alpha: part.scale, adding: target)
    }
  }

  /// Adds dD = (s·dy U)ᵀ x, of some rows, to the flat gradient.
  func addDownGradient(_ hiddenGradient: Tensor, _ x: MatrixView, rows: Range<Int>) {
    guard let flat = branch.gradient else { return }
    let gradient = MatrixView(hiddenGradient, rows: hiddenRows.rows, columns: branch.width)
    let target = MatrixView(flat, rows: branch.width, columns: inputs, from: branch.down)
    backend.products.multiply(
      gradient.rows(rows).transposed, x.plain, into: target, adding: target)
  }

  /// U of a part, [outputs, rank].
  private func up(_ part: LowRankBranch.Part) -> MatrixView {
    MatrixView(branch.factors, rows: part.outputs.count, columns: part.rank, from: part.up)
  }

  /// Calls `body` with each part and its columns of x Dᵀ.
  private func forParts(_ body: (LowRankBranch.Part, Range<Int>) -> Void) {
    var column = 0
    for part in branch.parts {
      body(part, column..<column + part.rank)
      column += part.rank
    }
  }

  private func applyMask(to tensor: Tensor) {
    guard let mask else { return }
    backend.launch("mask", packsOf: tensor)(x: tensor, m: mask, count: tensor.count)
  }
}
