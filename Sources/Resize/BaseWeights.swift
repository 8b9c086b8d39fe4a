import Adapters
import LinearAlgebra
import Names
import Safetensors
import Tensors

/// The weights of the model that an adapter is for; layers' updates are compared with them.
struct BaseWeights: Sendable {
  private let layers: CheckpointLayers

  /// - Throws: `.noPlace` if the model lacks one of the combination's layers, `.quantized` if its
  ///   weights cannot be decoded.
  init(_ layers: CheckpointLayers, for combination: Combination) throws {
    self.layers = layers
    try layers.checkNumbers(of: Set(combination.layers.map(\.target.network)).sorted())
    for layer in combination.layers where layer.hasRank {
      let key = CheckpointLayers.Key(layer.target, .weight)
      guard let obstacle = layers.obstacle(to: key, extents: layer.extents) else { continue }
      let module = layer.terms[0].module
      throw AdapterError(
        file: layers.checkpoint.path,
        reason: .noPlace(
          obstacle, modules: [module.name], adapter: module.file.path, canSkip: false))
    }
  }

  /// ‖W‖ of each layer that has a rank; each thread holds one weight in memory.
  func norms(of combination: Combination, threads: Int) throws -> [Target: Double] {
    let ranked = combination.layers.filter(\.hasRank)
    let norms = try parallelMap(count: ranked.count, threads: threads) { index in
      (ranked[index].target, try withWeight(of: ranked[index]) { $0.squaredNorm.squareRoot() })
    }
    return Dictionary(norms, uniquingKeysWith: { first, _ in first })
  }

  /// The references that recipes compare a module's singular values with.
  ///
  /// - Parameter wanted: The references to compute; the Frobenius norm is always computed.
  func references(
    of module: DecomposedModule, wanted: Set<Recipe.Reference>
  ) throws -> LayerReferences {
    var references = module.references
    try withWeight(of: module.module.layer) { weight in
      references.frobeniusOfBase = weight.squaredNorm.squareRoot()
      if wanted.contains(.spectralOfBase) {
        references.spectralOfBase = try leadingDecomposition(of: weight, count: 1).values.first
      }
      if wanted.contains(.subspace) {
        let vectors = module.decomposition.leading(references.values.count)
        let images = product(weight, transposed: vectors.right)
        references.subspace = images.multipliedElementwise(by: vectors.left).columnSums.map(abs)
      }
    }
    return references
  }

  private func withWeight<Result>(
    of layer: Combination.Layer, _ body: (Matrix) throws -> Result
  ) throws -> Result {
    let key = CheckpointLayers.Key(layer.target, .weight)
    defer { layers.release(key) }
    return try body(layers.matrix(key))
  }
}

extension Matrix {
  fileprivate var columnSums: [Double] {
    (0..<columns).map { column in (0..<rows).reduce(0) { $0 + self[$1, column] } }
  }
}
