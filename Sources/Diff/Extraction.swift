import Adapters
import LinearAlgebra
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

  /// Compares all layers, byte by byte where they are stored alike.
  ///
  /// - Parameter holdsNorms: Whether biases and norms are extracted too, whole.
  /// - Throws: Where the two hold layers of different shapes.
  init(
    _ b: CheckpointLayers, _ a: CheckpointLayers, choice: RankChoice, holdsNorms: Bool,
    threads: Int
  ) throws {
    self.b = b
    self.a = a
    self.choice = choice
    let weights = b.keys.filter { $0.role == .weight && !$0.target.isEmbedding }
    let shared = weights.filter { a.shape($0) != nil }
    for key in shared { try Self.checkShapes(key, b, a) }
    if shared.isEmpty {
      throw AdapterError(
        file: b.checkpoint.path,
        reason: .noAdapter(
          what: "has no layer in common with \(a.checkpoint.path); are they the same model's?"))
    }
    layers = try parallelMap(count: shared.count, threads: threads) { index in
      try Self.layer(shared[index], b, a, holdsNorms: holdsNorms)
    }.compactMap(\.self)
    onlyInB = weights.filter { a.shape($0) == nil }.map { "\($0.target)" }
    onlyInA = a.keys.filter {
      $0.role == .weight && !$0.target.isEmbedding && b.shape($0) == nil
    }.map { "\($0.target)" }
  }

  private static func checkShapes(
    _ key: CheckpointLayers.Key, _ b: CheckpointLayers, _ a: CheckpointLayers
  ) throws(AdapterError) {
    guard let ours = b.shape(key), let theirs = a.shape(key) else { return }
    guard ours.extents[0] == theirs.extents[0], ours.elementCount == theirs.elementCount else {
      throw AdapterError(
        file: b.checkpoint.path,
        reason: .shapesDiffer(
          module: "\(key.target)",
          detail:
            "has the shape \(ours), in \(a.checkpoint.path) \(theirs); are they the same model's?"))
    }
  }

  /// The layer, where anything wanted of it differs.
  private static func layer(
    _ key: CheckpointLayers.Key, _ b: CheckpointLayers, _ a: CheckpointLayers, holdsNorms: Bool
  ) throws -> Layer? {
    guard let shape = b.shape(key) else { return nil }
    let isNorm = shape.rank < 2
    let bias = CheckpointLayers.Key(key.target, .bias)
    let changesWeight = (!isNorm || holdsNorms) ? try !b.holdsSame(key, as: a) : false
    let changesBias =
      holdsNorms && b.shape(bias) != nil && a.shape(bias) == b.shape(bias)
      ? try !b.holdsSame(bias, as: a) : false
    guard changesWeight || changesBias else { return nil }
    return Layer(
      target: key.target, shape: shape, changesWeight: changesWeight, changesBias: changesBias)
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

extension Target {
  /// Whether the layer is a table that is looked up in, not a product.
  fileprivate var isEmbedding: Bool {
    ["embedding", "embed_tokens", "shared", "wte", "wpe"].contains { key.hasSuffix($0) }
  }
}
