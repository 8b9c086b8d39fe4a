import LinearAlgebra
import Names
import Tensors

/// s·(b₁b₂ + W·a₁a₂), where a₁a₂ acts on input channels; old files store each pair in the other
/// order.
///
/// Source: Chavan et al., GLoRA (arXiv 2306.07967), as LyCORIS stores it.
struct GLoRA: Algorithm {
  let name = "glora"
  let title = "GLoRA"
  let hasUpdate = false

  func isMade(of parts: PartShapes, for target: Target) -> Bool {
    parts.holds(.gloraA1) && parts.holds(.gloraB1)
  }

  func neededParts(of parts: PartShapes) -> [Part] { [.gloraA1, .gloraA2, .gloraB1, .gloraB2] }
  func rank(of parts: PartShapes) -> Int { factors(of: parts)?.inner ?? 0 }

  func extents(of parts: PartShapes) -> Module.Extents? {
    factors(of: parts).map { factors in
      let taps = factors.right.count > 2 ? factors.right : factors.left
      return Module.Extents(
        outputs: factors.left[0], inputs: factors.right[1], kernel: Array(taps[2...]))
    }
  }

  /// The two factors of the additive half: b₁b₂ in new files, b₂b₁ in old ones.
  ///
  /// Both orders fit a square layer; then the smaller extent is taken as the inner one.
  private func factors(of parts: PartShapes) -> (left: [Int], right: [Int], inner: Int)? {
    guard let a1 = parts.extents(.gloraA1), let a2 = parts.extents(.gloraA2),
      let b1 = parts.extents(.gloraB1), let b2 = parts.extents(.gloraB2),
      [a1, a2, b1, b2].allSatisfy({ $0.count >= 2 })
    else { return nil }
    return [(b1, b2), (b2, b1)].filter { $0[1] == $1[0] }
      .map { (left: $0, right: $1, inner: $0[1]) }
      .min { $0.inner < $1.inner }
  }

  func change(of weight: Matrix, isTransposed: Bool, by module: Module) throws -> Matrix {
    let (a1, a2) = (try module.matrix(.gloraA1), try module.matrix(.gloraA2))
    let (b1, b2) = (try module.matrix(.gloraB1), try module.matrix(.gloraB2))
    let inputs = max(a1.rows, a1.columns)
    let isNew = a1.rows == inputs && b1.columns == b2.rows
    let (left, right) = isNew ? (a1, a2) : (a2, a1)
    let (up, down) = isNew ? (b1, b2) : (b2, b1)
    guard up.rows == weight.rows, down.columns == weight.columns, up.columns == down.rows,
      inputs > 0, weight.columns % inputs == 0,
      left.rows == inputs, right.columns == inputs, left.columns == right.rows
    else { throw module.misfit(weight) }
    let taps = weight.columns / inputs
    let bent = product(product(weight.tapsAsRows(taps), left), right)
    return (product(up, down) + bent.tapsAsColumns(taps)).scaled(by: module.scale)
  }
}

extension Matrix {
  /// Reorders a convolution's weight, m × n·taps, to m·taps × n, so that it can be multiplied along
  /// its input channels.
  fileprivate func tapsAsRows(_ taps: Int) -> Matrix {
    if taps == 1 { return self }
    var result = Matrix(zeros: rows * taps, columns / taps)
    for i in 0..<rows {
      for j in 0..<columns { result[i * taps + j % taps, j / taps] = self[i, j] }
    }
    return result
  }

  /// The inverse of `tapsAsRows`.
  fileprivate func tapsAsColumns(_ taps: Int) -> Matrix {
    if taps == 1 { return self }
    var result = Matrix(zeros: rows / taps, columns * taps)
    for i in 0..<result.rows {
      for j in 0..<result.columns { result[i, j] = self[i * taps + j % taps, j / taps] }
    }
    return result
  }
}
