import Names
import Safetensors
import Tensors

extension Combination.Term {
  /// The extents of the layer.
  package var extents: Module.Extents {
    let own = module.extents
    if !module.algorithm.tellsExtents,
      let shape = base?.shape(CheckpointLayers.Key(module.target, .weight))?.extents,
      shape.count > 1
    {
      return Module.Extents(
        outputs: shape[0], inputs: shape[1], kernel: Array(shape.dropFirst(2)))
    }
    if isStoredTransposed {
      return Module.Extents(outputs: own.inputs, inputs: own.outputs, kernel: [])
    }
    guard let placement else { return own }
    return Module.Extents(outputs: placement.outputs, inputs: own.inputs, kernel: own.kernel)
  }

  /// Whether the module holds a matrix as the model stores it, inputs × outputs.
  private var isStoredTransposed: Bool {
    let key = CheckpointLayers.Key(module.target, .weight)
    return module.wholeShape?.rank == 2 && module.rank == 0 && base?.isTransposed(key) ?? false
  }

  /// The rank of the update as one product, computed from the shapes alone.
  package var expandedRank: Int { placement?.ranks?.count ?? module.expandedRank }

  /// Whether the term is a full difference.
  var isDense: Bool { changesWeight && (module.wholeShape != nil || dependsOnBase) }

  /// Whether the update is computed from the base model's weight.
  package var dependsOnBase: Bool { module.needsBase || module.parts[.weight] != nil }

  /// Whether the term changes more than the bias.
  package var changesWeight: Bool { module.changesWeight }

  var biasCount: Int? {
    if let count = module.biasCount { return placement?.outputs ?? count }
    guard module.scalesBias, let base else { return nil }
    return base.shape(CheckpointLayers.Key(module.target, .bias))?.elementCount
  }

  /// The stored shape of a full difference; `nil` where there is none.
  var wholeShape: Shape? {
    module.wholeShape.map { shape in
      placement.map { Shape([$0.outputs] + shape.extents.dropFirst()) } ?? shape
    }
  }

  /// Whether two terms are rows of one product: parts that were cut from the same layer.
  func sharesDown(with other: Combination.Term) -> Bool {
    guard input == other.input, weight == other.weight, placement != nil, other.placement != nil,
      placement?.ranks == nil, other.placement?.ranks == nil, module.isBareProduct,
      other.module.isBareProduct, module.scale == other.module.scale,
      let own = module.parts[.down]?.entry, let theirs = other.module.parts[.down]?.entry,
      own.shape == theirs.shape, own.type == theirs.type
    else { return false }
    return module.file.withBytes(of: own) { bytes in
      other.module.file.withBytes(of: theirs) { bytes.isEqual(to: $0) }
    }
  }

  /// Whether two terms change the same rows.
  func overlaps(_ other: Combination.Term) -> Bool {
    guard let placement, let theirs = other.placement else { return true }
    return placement.overlaps(theirs)
  }

  /// The term's update, multiplied by its weight.
  package func update() throws -> Update {
    .scaled(try unweightedUpdate(), by: weight)
  }

  /// The term's update without its weight.
  ///
  /// - Throws: `.notFinite` where it holds NaN or an infinity.
  package func unweightedUpdate() throws -> Update {
    let update = try moduleUpdate()
    guard update.isFinite else {
      throw AdapterError(file: module.file.path, reason: .notFinite(module: module.name))
    }
    return placement?.applied(to: update) ?? update
  }

  private func moduleUpdate() throws -> Update {
    guard dependsOnBase, let base else {
      let update = try module.update()
      return isStoredTransposed ? .dense(update.formed.transposed) : update
    }
    let key = CheckpointLayers.Key(module.target, .weight)
    defer { base.release(key) }
    return .dense(
      try module.change(of: base.matrix(key), isTransposed: base.isTransposed(key)))
  }

  /// The term's bias difference without its weight; `nil` where it has none.
  func biasDifference() throws -> [Double]? {
    let bias = try module.change(ofBias: bias(ofBase: base))
    guard bias?.allSatisfy(\.isFinite) ?? true else {
      throw AdapterError(file: module.file.path, reason: .notFinite(module: module.name))
    }
    return bias.map { placement?.applied(to: $0) ?? $0 }
  }

  /// The model's bias, if the module's bias difference depends on it.
  private func bias(ofBase base: CheckpointLayers?) throws -> [Double]? {
    let key = CheckpointLayers.Key(module.target, .bias)
    guard module.scalesBias || module.parts[.bias] != nil, let base, base.shape(key) != nil else {
      return nil
    }
    return try base.matrix(key).elements
  }

  /// Refuses a module whose update cannot be computed here.
  ///
  /// - Parameter leavesMissing: Whether the model may lack the module's layer.
  func check(leavesMissing: Bool) throws(AdapterError) {
    let file = module.file.path
    if !module.scale.isFinite {
      let alpha = module.alpha ?? module.scale * Double(module.rank)
      throw AdapterError(file: file, reason: .badAlpha(module: module.name, value: alpha))
    }
    guard dependsOnBase || module.parts[.bias] != nil else { return }
    guard let base else {
      throw AdapterError(
        file: file,
        reason: module.replacesWeight
          ? .replacesWeight(module: module.name)
          : .needsBase(module: module.name, algorithm: module.algorithm.title))
    }
    try base.checkNumbers(of: [module.target.network])
    if leavesMissing { return }
    let roles: [(CheckpointLayers.Role, isWanted: Bool)] = [
      (.weight, dependsOnBase), (.bias, module.parts[.bias] != nil),
    ]
    for (role, isWanted) in roles where isWanted {
      let key = CheckpointLayers.Key(module.target, role)
      guard let obstacle = base.obstacle(to: key, extents: nil) else { continue }
      throw AdapterError(
        file: base.checkpoint.path,
        reason: .noPlace(obstacle, modules: [module.name], adapter: file, canSkip: false))
    }
  }
}
