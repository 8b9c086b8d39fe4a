package import Adapters
import LinearAlgebra
import Safetensors
package import Tensors

/// Which tensors of a checkpoint change, and by which layers of a combination.
package struct BakedLayers: Sendable {
  /// A tensor by its part of the checkpoint and its name.
  struct Place: Hashable {
    let part: Int
    let name: TensorName
  }

  struct Change: Sendable {
    let layer: Combination.Layer
    let key: CheckpointLayers.Key
    let piece: CheckpointLayers.Piece
  }

  let combination: Combination
  let layers: CheckpointLayers
  private(set) var changes: [Place: [Change]] = [:]

  /// Names of modules for whose layers the checkpoint has no tensor.
  package private(set) var missing: [String] = []

  /// Finds the tensors of all layers.
  ///
  /// - Throws: Where a layer's shape is not the checkpoint's.
  package init(_ combination: Combination, in layers: CheckpointLayers) throws(AdapterError) {
    try layers.checkNumbers(of: combination.layers.map(\.target.network))
    self.combination = combination
    self.layers = layers
    for layer in combination.layers {
      let weight = layer.changesWeight ? try add(layer, .weight) : true
      let bias = layer.biasCount != nil ? try add(layer, .bias) : true
      if !(weight && bias) { missing.append(layer.terms[0].module.name) }
    }
  }

  /// - Returns: Whether the checkpoint has the tensor.
  private mutating func add(
    _ layer: Combination.Layer, _ role: CheckpointLayers.Role
  ) throws(AdapterError) -> Bool {
    let key = CheckpointLayers.Key(layer.target, role)
    guard let shape = layers.shape(key) else { return false }
    if role == .weight, layer.hasExtents {
      let columns = shape.extents.dropFirst().reduce(1, *)
      guard shape.extents[0] == layer.extents.outputs, columns == layer.extents.columns else {
        throw misfit(layer, layer.extents.shape, shape)
      }
    } else if role == .bias, layer.biasCount != shape.elementCount {
      throw misfit(layer, Shape([layer.biasCount ?? 0]), shape)
    }
    for piece in layers[key] {
      changes[Place(part: piece.part, name: piece.entry.name), default: []]
        .append(Change(layer: layer, key: key, piece: piece))
    }
    return true
  }

  private func misfit(_ layer: Combination.Layer, _ own: Shape, _ theirs: Shape) -> AdapterError {
    let term = layer.terms[0]
    return AdapterError(
      file: combination.inputs[term.input].adapter.file.path,
      reason: .shapesDiffer(
        module: term.module.name,
        detail:
          "changes a layer of \(own), which is \(theirs) in \(layers.checkpoint.path); is it for another model?"
      ))
  }

  /// How many tensors change.
  package var tensorCount: Int { changes.count }

  /// The element types of those.
  package var types: [ElementType] {
    let used = Set(changes.values.joined().map(\.piece.entry.type))
    return ElementType.allCases.filter(used.contains)
  }

  /// What of the adapters is not in the result.
  package var leftOut: LeftOut {
    var leftOut = combination.inputs.foreignTensors(in: nil).leftOut
    for name in missing { leftOut.add(name, as: .modules) }
    return leftOut
  }
}
