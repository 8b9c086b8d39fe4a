import Adapters
import LinearAlgebra
import Names
import Safetensors
import Tensors

/// What one checkpoint has that another has not, as an adapter: B − A, layer by layer.
///
/// Both are read through maps, one layer at a time; layers whose weights are equal to the bit are
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

  /// Layers that one checkpoint alone has.
  let onlyInA: [String]
  let onlyInB: [String]

  /// What differs and is not extracted.
  let leftOut: LeftOut

  /// The sum of the squares of those differences that have a norm.
  let leftOutSquared: Double

  /// Compares all layers, byte by byte where they are stored alike.
  ///
  /// - Parameters:
  ///   - holdsNorms: Whether biases and norms are extracted too, whole.
  ///   - skipsMismatched: Whether layers of different shapes are left out.
  /// - Throws: Where the two hold layers of different shapes that are not to be left out, or
  ///   weights that are no numbers as they stand.
  init(
    _ b: CheckpointLayers, _ a: CheckpointLayers, choice: RankChoice, holdsNorms: Bool,
    skipsMismatched: Bool, threads: Int
  ) throws {
    for layers in [b, a] { try layers.checkNumbers(of: layers.quantizations.keys) }
    let comparison = LayerComparison(b: b, a: a, holdsNorms: holdsNorms)
    let shared = b.keys.filter { a.shape($0) != nil }
    if shared.isEmpty {
      throw AdapterError(
        file: b.checkpoint.path,
        reason: .noAdapter(
          what: "has no layer in common with \(a.checkpoint.path); are they the same model's?"))
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
  /// The adapter to write; where the rule gives each layer a rank of its own, all are computed.
  func plan(threads: Int, onLayer: @escaping @Sendable () -> Void) throws -> ResultPlan {
    let isLazy = layers.allSatisfy { $0.isNorm || !$0.changesWeight || rank(of: $0) != nil }
    if isLazy {
      return ResultPlan(
        modules: layers.map { module($0, rank: rank(of: $0) ?? 0) },
        weights: { index in
          defer { onLayer() }
          return try reduction(of: layers[index]).weights
        })
    }
    let reductions = try parallelMap(count: layers.count, threads: threads) { index in
      defer { onLayer() }
      let (rank, weights) = try reduction(of: layers[index])
      return (rank: rank, weights: weights.withoutOriginal)
    }
    let modules = layers.indices.map { module(layers[$0], rank: reductions[$0].rank) }
    return ResultPlan(modules: modules) { index in
      guard case .lowRank(let factors, _) = reductions[index].weights.values else {
        return reductions[index].weights
      }
      return ResultWeights(
        .approximation(factors, of: try difference(layers[index], .weight)),
        bias: reductions[index].weights.bias)
    }
  }

  /// The rank that the choice gives a layer whatever its values are.
  private func rank(of layer: Layer) -> Int? {
    choice.fixedRank(hasWideKernel: layer.hasWideKernel).map {
      min($0, layer.shape.extents[0], layer.shape.extents.dropFirst().reduce(1, *))
    }
  }

  private func module(_ layer: Layer, rank: Int) -> ResultModule {
    let extents = layer.shape.extents
    let form: ResultModule.Form =
      !layer.changesWeight
      ? .biasOnly
      : layer.isNorm ? .dense(layer.shape, isNorm: true) : .lowRank(rank: rank, scale: 1)
    return ResultModule(
      target: layer.target,
      extents: .init(
        outputs: extents[0], inputs: extents.count > 1 ? extents[1] : 1,
        kernel: Array(extents.dropFirst(2))),
      kind: extents.count > 2 ? .conv : .linear, form: form,
      biasCount: layer.changesBias ? extents[0] : nil)
  }

  private func reduction(of layer: Layer) throws -> (rank: Int, weights: ResultWeights) {
    let bias = layer.changesBias ? try difference(layer, .bias).elements : nil
    if !layer.changesWeight { return (0, ResultWeights(.biasOnly, bias: bias)) }
    let whole = try difference(layer, .weight)
    if layer.isNorm { return (0, ResultWeights(.dense(whole), bias: bias)) }
    guard whole.isFinite else {
      throw AdapterError(
        file: b.checkpoint.path, reason: .notFinite(module: "\(layer.target)"))
    }
    let reduction = try Reduction(
      ofWhole: whole, choice, hasWideKernel: layer.hasWideKernel, bias: bias)
    return (reduction.form.rank, reduction.weights)
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
  var hasWideKernel: Bool { shape.extents.dropFirst(2).contains { $0 > 1 } }
}

extension ResultWeights {
  /// Without the matrix that the factors approximate, which can be read again.
  fileprivate var withoutOriginal: ResultWeights {
    guard case .approximation(let factors, _) = values else { return self }
    return ResultWeights(.lowRank(factors, asked: nil), bias: bias)
  }
}
