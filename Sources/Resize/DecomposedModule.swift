import Adapters
import LinearAlgebra
import Tensors

/// One module and the decomposition of its factors, which can be stored at any rank.
struct DecomposedModule: Sendable {
  let module: ResizableModule
  let decomposition: ProductDecomposition

  init(_ layer: Combination.Layer) throws {
    defer { layer.release() }
    module = try ResizableModule(layer)
    decomposition = try module.decomposition()
  }

  /// The references that need no base model.
  var references: LayerReferences {
    LayerReferences(
      values: RankRule.significant(decomposition.values).map { $0 * abs(module.scale) },
      elementsPerRank: module.elementsPerRank)
  }

  /// The squared Frobenius norm of the update.
  var squaredNorm: Double {
    decomposition.values.reduce(0) { $0 + $1 * $1 } * module.scale * module.scale
  }

  /// Keeps some of the directions, with √σ in both factors; the scale stays.
  ///
  /// - Parameter rescale: A factor of the update, and of the exact update too.
  func result(keeping indices: [Int], rescale: Double) -> Reduction {
    let vectors = decomposition.leading((indices.last ?? -1) + 1)
    let roots = indices.map { (vectors.values[$0] * rescale).squareRoot() }
    let factors = module.factors
    return Reduction(
      LowRank(
        up: Matrix.joiningColumns(indices.map { vectors.left.columns(in: $0..<$0 + 1) })
          .scalingColumns(by: roots),
        down: Matrix.joiningRows(indices.map { vectors.right.rows(in: $0..<$0 + 1) })
          .scalingRows(by: roots)),
      scale: module.scale,
      asked: LowRank(up: factors.up.scaled(by: module.scale * rescale), down: factors.down))
  }
}
