import Compute
import LinearAlgebra

/// The host's view of a low-rank branch while one operation runs.
///
/// For a convolution `inputs` counts the pixels of the kernel too.
struct BranchView: Sendable {
  let parts: [LowRankBranch.Part]
  let width: Int
  private let inputs: Int
  private let outputs: Int
  private let parameters: Floats
  private let gradient: Floats?
  private let firstDown: Int

  /// x Dᵀ after the mask, [rows, width].
  private let hidden: Floats
  private let mask: Floats?

  init(_ branch: LowRankBranch, _ saved: BranchActivations, inputs: Int, outputs: Int) {
    parts = branch.parts
    width = branch.width
    firstDown = branch.down
    self.inputs = inputs
    self.outputs = outputs
    parameters = Floats(branch.parameters)
    gradient = branch.gradient.map { Floats($0) }
    hidden = Floats(saved.hidden)
    mask = saved.mask.map { Floats($0) }
  }

  var down: Floats { parameters.from(firstDown) }

  /// Computes x Dᵀ for some rows of x, keeps it, and adds s·(x Dᵀ)Uᵀ to the result.
  func forward(_ x: Floats, rows: Range<Int>, into result: Floats) {
    hidden(of: x.from(rows.lowerBound * inputs), rows: rows)
    addUp(rows: rows, into: result)
  }

  /// Computes x Dᵀ for the rows of x that lie at its beginning.
  func hidden(of x: Floats, rows: Range<Int>) {
    multiply(
      x, .rows(every: inputs), down, .columns(every: inputs),
      into: hidden.from(rows.lowerBound * width), stride: width, m: rows.count, n: width,
      k: inputs)
    applyMask(to: hidden, rows: rows)
  }

  /// Adds s·(x Dᵀ)Uᵀ to rows of the result.
  func addUp(rows: Range<Int>, into result: Floats) {
    var column = 0
    for part in parts {
      multiply(
        hidden.from(rows.lowerBound * width + column), .rows(every: width),
        parameters.from(part.up), .columns(every: part.rank),
        into: result.from(rows.lowerBound * outputs + part.outputs.lowerBound), stride: outputs,
        m: rows.count, n: part.outputs.count, k: part.rank, alpha: part.scale, beta: 1)
      column += part.rank
    }
  }

  /// Computes the gradient s·dy U of x Dᵀ for some rows.
  func backward(_ dy: Floats, rows: Range<Int>, into hiddenGradient: Floats) {
    var column = 0
    for part in parts {
      multiply(
        dy.from(rows.lowerBound * outputs + part.outputs.lowerBound), .rows(every: outputs),
        parameters.from(part.up), .rows(every: part.rank),
        into: hiddenGradient.from(rows.lowerBound * width + column), stride: width,
        m: rows.count, n: part.rank, k: part.outputs.count, alpha: part.scale)
      column += part.rank
    }
    applyMask(to: hiddenGradient, rows: rows)
  }

  /// Adds the branch's part of dx, for some rows, to a place where they begin.
  func inputGradient(_ hiddenGradient: Floats, rows: Range<Int>, into dx: Floats) {
    multiply(
      hiddenGradient.from(rows.lowerBound * width), .rows(every: width), down,
      .rows(every: inputs), into: dx, stride: inputs, m: rows.count, n: inputs, k: width, beta: 1)
  }

  /// Adds dU = s·dyᵀ(x Dᵀ) and dD = (s·dy U)ᵀ x to the flat gradient.
  func parameterGradients(
    _ x: Floats, _ hiddenGradient: Floats, _ dy: Floats, rows: Int, on backend: CPUBackend
  ) {
    guard let gradient else { return }
    let blocks = (inputs + 255) / 256
    let cost = Float(rows * width * (inputs + outputs)) * productCost
    let run = { (part: Int) in
      if part == 0 {
        upGradient(dy, rows: rows, into: gradient)
      } else {
        let columns = (part - 1) * inputs / blocks..<part * inputs / blocks
        multiply(
          hiddenGradient, .columns(every: width), x.from(columns.lowerBound),
          .rows(every: inputs), into: gradient.from(firstDown + columns.lowerBound),
          stride: inputs, m: width, n: columns.count, k: rows, beta: 1)
      }
    }
    backend.perform(blocks + 1, cost: cost, run)
  }

  func upGradient(_ dy: Floats, rows: Int, into gradient: Floats) {
    var column = 0
    for part in parts {
      multiply(
        dy.from(part.outputs.lowerBound), .columns(every: outputs), hidden.from(column),
        .rows(every: width), into: gradient.from(part.up), stride: part.rank,
        m: part.outputs.count, n: part.rank, k: rows, alpha: part.scale, beta: 1)
      column += part.rank
    }
  }

  /// Where the gradient of the D of the first part begins.
  var downGradient: Floats? { gradient?.from(firstDown) }

  var wholeGradient: Floats? { gradient }

  private func applyMask(to values: Floats, rows: Range<Int>) {
    guard let mask else { return }
    forVectors(rows.lowerBound * width..<rows.upperBound * width) {
      values[$0, $1] = values[$0, $1] * mask[$0, $1]
    }
  }
}
