import Compute

/// The host's view of a low-rank branch while one operation runs.
///
/// For a convolution `inputs` counts the pixels of the kernel too.
struct BranchView: Sendable {
  /// The ranks of all parts together.
  let width: Int

  /// The D of all parts, one after another: [width, inputs].
  let down: Block

  /// Gathers their gradient.
  let downGradient: Block?
  private let parts: [LowRankBranch.Part]
  private let inputs: Int
  private let outputs: Int
  private let parameters: Floats
  private let gradient: Floats?

  /// x Dᵀ after the mask, [rows, width].
  private let hidden: Block
  private let mask: Floats?

  init?(_ branch: LowRankBranch?, _ saved: BranchActivations?, inputs: Int, outputs: Int) {
    guard let branch, let saved else { return nil }
    parts = branch.parts
    width = branch.width
    self.inputs = inputs
    self.outputs = outputs
    parameters = Floats(branch.parameters)
    gradient = branch.gradient.map { Floats($0) }
    down = Block(parameters.from(branch.down), stride: inputs)
    downGradient = gradient.map { Block($0.from(branch.down), stride: inputs) }
    hidden = Block(Floats(saved.hidden), stride: branch.width)
    mask = saved.mask.map { Floats($0) }
  }

  /// Computes x Dᵀ for some rows, which lie at the beginning of x, keeps it, and adds
  /// s·(x Dᵀ)Uᵀ to the same rows of the result.
  func forward(_ x: Block, rows: Range<Int>, into result: Block) {
    multiply(
      x, down.transposed, into: hidden.rows(from: rows.lowerBound), m: rows.count, n: width,
      k: inputs)
    applyMask(to: hidden, rows: rows)
    forParts { part, column in
      multiply(
        hidden.rows(from: rows.lowerBound).columns(from: column), up(part).transposed,
        into: result.rows(from: rows.lowerBound).columns(from: part.outputs.lowerBound),
        m: rows.count, n: part.outputs.count, k: part.rank, alpha: part.scale, beta: 1)
    }
  }

  /// Computes the gradient s·dy U of x Dᵀ for some rows.
  func backward(_ dy: Block, rows: Range<Int>, into hiddenGradient: Block) {
    forParts { part, column in
      multiply(
        dy.rows(from: rows.lowerBound).columns(from: part.outputs.lowerBound), up(part),
        into: hiddenGradient.rows(from: rows.lowerBound).columns(from: column),
        m: rows.count, n: part.rank, k: part.outputs.count, alpha: part.scale)
    }
    applyMask(to: hiddenGradient, rows: rows)
  }

  /// Adds the branch's part of dx, for some rows and columns, to a place where they begin.
  func inputGradient(
    _ hiddenGradient: Block, rows: Range<Int>, columns: Range<Int>, into dx: Block
  ) {
    multiply(
      hiddenGradient.rows(from: rows.lowerBound), down.columns(from: columns.lowerBound),
      into: dx, m: rows.count, n: columns.count, k: width, beta: 1)
  }

  /// Adds dU = s·dyᵀ(x Dᵀ) and dD = (s·dy U)ᵀ x to the flat gradient.
  func parameterGradients(
    _ x: Block, _ hiddenGradient: Block, _ dy: Block, rows: Int, on backend: CPUBackend
  ) {
    guard let downGradient else { return }
    let blocks = (inputs + 255) / 256
    let cost = Float(rows * width * (inputs + outputs)) * productCost
    backend.perform(blocks + 1, cost: cost) { part in
      if part == 0 {
        addUpGradient(dy, rows: rows)
      } else {
        let columns = (part - 1) * inputs / blocks..<part * inputs / blocks
        multiply(
          hiddenGradient.transposed, x.columns(from: columns.lowerBound),
          into: downGradient.columns(from: columns.lowerBound), m: width, n: columns.count,
          k: rows, beta: 1)
      }
    }
  }

  /// Adds dU = s·dyᵀ(x Dᵀ) to the flat gradient.
  func addUpGradient(_ dy: Block, rows: Int) {
    guard let gradient else { return }
    forParts { part, column in
      multiply(
        dy.columns(from: part.outputs.lowerBound).transposed, hidden.columns(from: column),
        into: Block(gradient.from(part.up), stride: part.rank), m: part.outputs.count,
        n: part.rank, k: rows, alpha: part.scale, beta: 1)
    }
  }

  /// U of a part, [outputs, rank].
  private func up(_ part: LowRankBranch.Part) -> Block {
    Block(parameters.from(part.up), stride: part.rank)
  }

  /// Calls `body` with each part and its first column of x Dᵀ.
  private func forParts(_ body: (LowRankBranch.Part, Int) -> Void) {
    var column = 0
    for part in parts {
      body(part, column)
      column += part.rank
    }
  }

  private func applyMask(to block: Block, rows: Range<Int>) {
    guard let mask else { return }
    forVectors(rows.lowerBound * width..<rows.upperBound * width) {
      block.values[$0, $1] = block.values[$0, $1] * mask[$0, $1]
    }
  }
}
