import LinearAlgebra
import Names
import Tensors

/// m · V / ‖V‖ with V = W + scale · up · down: magnitudes are separate from directions.
///
/// Source: Liu et al., DoRA (arXiv 2402.09353).
struct DoRA: Algorithm {
  let name = "dora"
  let title = "DoRA"
  let hasFactors = true

  func isMade(of parts: PartShapes, for target: Target) -> Bool {
    parts.holds(.up, .down) && parts.holds(.magnitude)
  }

  func neededParts(of parts: PartShapes) -> [Part] { [.up, .down] }
  func rank(of parts: PartShapes) -> Int { parts.lowRank }
  func extents(of parts: PartShapes) -> Module.Extents? { parts.lowRankExtents }
  func expandedRank(of module: Module) -> Int { module.productRank }
  func update(of module: Module) throws -> Update {
    .scaled(try module.product(), by: module.scale)
  }

  func rowParts(of module: Module) -> [Part: Int]? { module.naming.isTransposed ? nil : [.up: 1] }
  var factorPairs: [(Part, Part)] { [(.up, .down)] }

  func obstacle(to naming: Naming, of module: Module) -> String? {
    if naming.holdsLyCORIS { return nil }
    let ofLinear = Module.Extents(outputs: 1, inputs: 1, kernel: [])
    if module.isTucker || module.parts[.reshape] != nil || naming.magnitudes(ofLinear) == nil {
      return title
    }
    if !module.magnitudesAreOfOutputs { return "DoRA with a magnitude an input" }
    return naming.magnitudes(module.extents) == nil ? "DoRA of a convolution" : nil
  }
}

extension Module {
  /// m·V / ‖V‖; the shape of the magnitudes tells the axis of the norm.
  func decomposed(_ sum: Matrix) throws -> Matrix {
    let magnitudes = try values(.magnitude)
    if magnitudesAreOfOutputs {
      guard magnitudes.count == sum.rows else { throw misfit(sum) }
      let norms = gramDiagonal(ofRows: sum)
      return sum.scalingRows(by: zip(magnitudes, norms).map { $1 > 0 ? $0 / $1 : 0 })
    }
    let taps = sum.columns / max(magnitudes.count, 1)
    guard magnitudes.count * taps == sum.columns else { throw misfit(sum) }
    var squares = [Double](repeating: 0, count: magnitudes.count)
    for i in 0..<sum.rows {
      for j in 0..<sum.columns { squares[j / taps] += sum[i, j] * sum[i, j] }
    }
    let factors = zip(magnitudes, squares).map { $1 > 0 ? $0 / $1.squareRoot() : 0 }
    return sum.scalingColumns(by: (0..<sum.columns).map { factors[$0 / taps] })
  }

  /// Whether there is one magnitude per output; older files have one per input.
  ///
  /// PEFT stores [out], [out, 1] and, for convolutions, [1, out, 1, 1]; LyCORIS stores [out, 1, …]
  /// or [1, in, …].
  package var magnitudesAreOfOutputs: Bool {
    guard let tensor = parts[.magnitude] else { return true }
    let extents = tensor.shape.extents
    return extents.count < 2 || extents[0] != 1 || tensor.spelling == .peft
  }

  private func gramDiagonal(ofRows matrix: Matrix) -> [Double] {
    (0..<matrix.rows).map { i in
      matrix.elements[i * matrix.columns..<(i + 1) * matrix.columns]
        .reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }
}
