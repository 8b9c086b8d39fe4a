import Adapters
import Names
import Safetensors
import Tensors

/// Compares layers of a checkpoint, B, with those of another, A, and decides what an adapter holds.
struct LayerComparison: Sendable {
  enum Finding: Sendable {
    case nothing
    case layer(Extraction.Layer)

    /// The layer is left out, with ‖B − A‖²; 0 where no difference can be computed.
    case leftOut(LeftOut.Kind, Double)
  }

  let b: CheckpointLayers
  let a: CheckpointLayers

  /// Whether an adapter holds biases and norms.
  let holdsNorms: Bool

  /// Refuses a layer that would be extracted if its two shapes were equal.
  func checkShape(_ key: CheckpointLayers.Key) throws(AdapterError) {
    guard key.role == .weight, !key.target.isTokenTable, !isOfOneShape(key),
      let ours = b.shape(key), let theirs = a.shape(key)
    else { return }
    throw AdapterError(
      file: b.checkpoint.path,
      reason: .shapesDiffer(
        module: "\(key.target)",
        detail:
          "has the shape \(ours), in \(a.checkpoint.path) \(theirs); do they belong to the same model? --skip-mismatched leaves such layers out"
      ))
  }

  private func isOfOneShape(_ key: CheckpointLayers.Key) -> Bool {
    guard let ours = b.shape(key), let theirs = a.shape(key) else { return false }
    return ours.extents[0] == theirs.extents[0] && ours.elementCount == theirs.elementCount
  }

  /// - Parameter key: A layer's weight or bias that both checkpoints have.
  func finding(_ key: CheckpointLayers.Key) throws -> Finding {
    if !isOfOneShape(key) { return .leftOut(.otherShapes, 0) }
    guard let shape = b.shape(key) else { return .nothing }
    if key.role == .bias {
      let weight = CheckpointLayers.Key(key.target, .weight)
      let isOfLayer = holdsNorms && isOfOneShape(weight) && !key.target.isTokenTable
      return isOfLayer ? .nothing : try left(key, as: .biases)
    }
    if key.target.isTokenTable { return try left(key, as: .embeddings) }
    let isNorm = shape.rank < 2
    if isNorm && !holdsNorms { return try left(key, as: .norms) }
    let bias = CheckpointLayers.Key(key.target, .bias)
    let changesBias = holdsNorms && isOfOneShape(bias) ? try !b.holdsSame(bias, as: a) : false
    let changesWeight = try !b.holdsSame(key, as: a)
    guard changesWeight || changesBias else { return .nothing }
    return .layer(
      Extraction.Layer(
        target: key.target, shape: shape, changesWeight: changesWeight, changesBias: changesBias))
  }

  private func left(
    _ key: CheckpointLayers.Key, as kind: LeftOut.Kind
  ) throws -> Finding {
    if try b.holdsSame(key, as: a) { return .nothing }
    defer {
      b.release(key)
      a.release(key)
    }
    return .leftOut(kind, try b.squaredDistance(key, from: a))
  }

  /// Tensors of no layer, such as a VAE's, that both checkpoints have with different bytes.
  var otherTensorsThatDiffer: [String] {
    func place(_ component: String, _ entry: Header.Entry) -> TensorName {
      TensorName("\(component)/\(entry.name.string)")
    }
    let others = Dictionary(
      a.others.map { (place($0.component, $0.entry), $0) }, uniquingKeysWith: { first, _ in first })
    return b.others.compactMap { component, part, entry in
      guard let theirs = others[place(component, entry)] else { return nil }
      let isSame = b.checkpoint.parts[part].file.holdsSame(
        entry, as: theirs.entry, of: a.checkpoint.parts[theirs.part].file)
      return isSame ? nil : entry.name.string
    }
  }
}

extension SafetensorsFile {
  /// Whether two tensors have the same bytes.
  fileprivate func holdsSame(
    _ entry: Header.Entry, as other: Header.Entry, of file: SafetensorsFile
  ) -> Bool {
    guard entry.type == other.type, entry.shape == other.shape else { return false }
    defer {
      release(entry)
      file.release(other)
    }
    return withBytes(of: entry) { ours in
      file.withBytes(of: other) { theirs in ours.isEqual(to: theirs) }
    }
  }
}
