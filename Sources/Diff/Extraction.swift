import Adapters
import LinearAlgebra
import Names
import Safetensors
import Tensors

/// The difference of two checkpoints as an adapter: B − A, layer by layer.
///
/// Both files are memory-mapped and read one layer at a time. Layers with bit-identical weights are
/// left out.
struct Extraction: Sendable {
  /// One layer that differs.
  struct Layer: Sendable {
    let target: Target
    let shape: Shape
    let changesWeight: Bool
    let changesBias: Bool

    var isNorm: Bool { shape.rank < 2 }
  }

  let b: CheckpointLayers
  let a: CheckpointLayers
  let choice: RankChoice
  let layers: [Layer]

  /// Layers that only one of the checkpoints has.
  let onlyInA: [String]
  let onlyInB: [String]

  /// Differences that are not extracted.
  let leftOut: LeftOut

  /// The sum of the squared norms of differences that are left out, as far as they have a norm.
  let leftOutSquared: Double

  /// Compares all layers, byte by byte where both store them alike.
  ///
  /// - Parameters:
  ///   - world: The world whose division of layers the result gets.
  ///   - holdsNorms: Whether biases and norms are extracted too, as full differences.
  ///   - skipsMismatched: Whether layers of different shapes are left out.
  /// - Throws: If layers of different shapes may not be left out, or if weights are quantised and
  ///   cannot be decoded.
  init(
    _ b: CheckpointLayers, _ a: CheckpointLayers, world: World? = nil, choice: RankChoice,
    holdsNorms: Bool, skipsMismatched: Bool, threads: Int
  ) throws {
    for layers in [b, a] { try layers.checkNumbers() }
    let comparison = LayerComparison(b: b, a: a, holdsNorms: holdsNorms)
    let keys = world.map { b.keys(in: $0) } ?? b.keys
    let shared = keys.filter { a.shape($0) != nil }
    if shared.isEmpty {
      throw AdapterError(
        file: b.checkpoint.path,
        reason: .refused(
          "has no layer in common with \(a.checkpoint.path); do they belong to the same model?"))
    }
    if !skipsMismatched { try shared.forEach(comparison.checkShape) }
    let findings = try parallelMap(count: shared.count, threads: threads) { index in
      try comparison.finding(shared[index])
    }
    var layers: [Layer] = []
    var leftOut = LeftOut()
    var squared = 0.0
    for (key, finding) in zip(shared, findings) {
      switch finding {
      case .nothing: break
      case .layer(let layer): layers.append(layer)
      case .leftOut(let kind, let distance):
        leftOut.add(key.role == .bias ? "\(key.target).bias" : "\(key.target)", as: kind)
        squared += distance
      }
    }
    for name in comparison.otherTensorsThatDiffer { leftOut.add(name, as: .tensors) }
    (self.b, self.a, self.choice, self.layers) = (b, a, choice, layers)
    (self.leftOut, leftOutSquared) = (leftOut, squared)
    onlyInB = Self.weights(of: b, notIn: a)
    onlyInA = Self.weights(of: a, notIn: b)
  }

  private static func weights(
    of layers: CheckpointLayers, notIn other: CheckpointLayers
  ) -> [String] {
    layers.keys.filter { $0.role == .weight && other.shape($0) == nil }.map { "\($0.target)" }
  }
}

// MARK: - The result

extension Extraction {
  /// The adapter to write; if the rule gives each layer its own rank, all layers are computed here.
  func plan(threads: Int, onLayer: @escaping @Sendable () -> Void) throws -> ResultPlan {
    let ranks = layers.map { $0.hasRank ? choice.fixedRank(of: $0.extents) : 0 }
    if ranks.allSatisfy({ $0 != nil }) {
      let modules = zip(layers, ranks).map { layer, rank in
        module(layer, rank: rank ?? 0) { try reduction(of: layer).factors }
      }
      return ResultPlan(modules: modules, onModule: onLayer)
    }
    let modules = try parallelMap(count: layers.count, threads: threads) { index in
      let layer = layers[index]
      defer { onLayer() }
      guard layer.hasRank, case .approximation(let factors, _) = try reduction(of: layer).factors
      else { return module(layer, rank: 0) { try reduction(of: layer).factors } }
      // The approximated matrix can be read again, so it is not kept.
      return module(layer, rank: factors.rank) {
        .approximation(factors, of: try difference(layer, .weight))
      }
    }
    return ResultPlan(modules: modules)
  }

  /// - Parameters:
  ///   - rank: The layer's rank, if it has one.
  ///   - factors: Computes the factors.
  private func module(
    _ layer: Layer, rank: Int, factors: @escaping @Sendable () throws -> Factors
  ) -> ResultModule {
    let content: ResultModule.Content =
      if layer.hasRank {
        .lowRank(rank: rank, scale: 1, factors)
      } else if layer.changesWeight {
        .dense(layer.shape, isNorm: true) { try difference(layer, .weight) }
      } else {
        .biasOnly
      }
    return ResultModule(
      target: layer.target, extents: layer.extents,
      kind: layer.extents.isConvolution ? .conv : .linear, content: content,
      bias: layer.changesBias
        ? .init(count: layer.extents.outputs) { try difference(layer, .bias).elements } : nil)
  }

  private func reduction(of layer: Layer) throws -> Reduction {
    let whole = try difference(layer, .weight)
    guard whole.isFinite else {
      throw AdapterError(
        file: b.checkpoint.path, reason: .notFinite(module: "\(layer.target)"))
    }
    return try Reduction(ofWhole: whole, choice, hasWideKernel: layer.extents.hasWideKernel)
  }

  private func difference(_ layer: Layer, _ role: CheckpointLayers.Role) throws -> Matrix {
    let key = CheckpointLayers.Key(layer.target, role)
    defer {
      b.release(key)
      a.release(key)
    }
    return try b.difference(key, from: a)
  }
}

extension Extraction.Layer {
  var hasRank: Bool { changesWeight && !isNorm }

  var extents: Module.Extents {
    let extents = shape.extents
    return Module.Extents(
      outputs: extents[0], inputs: extents.count > 1 ? extents[1] : 1,
      kernel: Array(extents.dropFirst(2)))
  }
}
