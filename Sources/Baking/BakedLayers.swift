package import Adapters
import LinearAlgebra
import Names
package import QuantizedWeights
import Safetensors
package import Tensors

/// The tensors of a checkpoint that change, with the layers of a combination that change them.
package struct BakedLayers: Sendable {
  /// A tensor, identified by its part of the checkpoint and its name.
  struct Place: Hashable {
    let part: Int
    let name: TensorName
  }

  struct Change: Sendable {
    enum Source: Sendable {
      case layer(Combination.Layer)
      case tokens(Combination.TokenTerm)
    }

    let source: Source
    let key: CheckpointLayers.Key
    let piece: CheckpointLayers.Piece
  }

  /// A module, or a part of it, that has no place, and the reason.
  private struct Misfit {
    let module: String

    /// The name in a report: a module, the bias of one, or rows of tokens.
    let name: String
    let kind: LeftOut.Kind
    let input: Int
    let obstacle: Obstacle
  }

  let combination: Combination
  let layers: CheckpointLayers

  /// The scheme in which changed weights of codes and scales are stored.
  package let requantization: Requantization
  private(set) var changes: [Place: [Change]] = [:]
  private var misfits: [Misfit] = []

  /// The number of modules that change a tensor.
  package private(set) var moduleCount = 0

  /// The names of modules, biases of modules and rows of tokens that are left out because the
  /// checkpoint has no tensor for them.
  package var missing: [String] { misfits.map(\.name) }

  /// Finds the tensors of all layers.
  ///
  /// - Parameters:
  ///   - skipsMissing: Whether modules without a tensor in the checkpoint are left out.
  ///   - requantization: The scheme in which changed weights of codes and scales are stored.
  /// - Throws: `.quantized` if weights that change cannot be decoded, `.onlyRead` if they cannot be
  ///   written in their own scheme; `.noPlace` if a layer's shape differs from the checkpoint's, or
  ///   if a tensor is missing and its module may not be left out.
  package init(
    _ combination: Combination, in layers: CheckpointLayers, skipsMissing: Bool = false,
    requantization: Requantization = .same
  ) throws(AdapterError) {
    let (changing, tokenTerms) = (
      combination.layers.filter { !$0.isZero }, combination.tokenTerms.filter { $0.weight != 0 }
    )
    try layers.checkNumbers(
      of: changing.map(\.target.network) + tokenTerms.map(\.rows.target.network))
    self.combination = combination
    self.layers = layers
    self.requantization = requantization
    let places = ExpertPlaces(layers)
    for layer in changing {
      if let expert = layer.expert {
        if add(layer, expert, places) { moduleCount += 1 }
        continue
      }
      let isWeightBaked = layer.changesWeight && add(layer, .weight)
      let isBiasBaked = layer.biasCount != nil && add(layer, .bias)
      if isWeightBaked || isBiasBaked { moduleCount += 1 }
    }
    for term in tokenTerms where add(term) { moduleCount += 1 }
    if let error = refusal(skipsMissing: skipsMissing) { throw error }
    try checkWritable()
  }

  /// Refuses weights that cannot be written in their own scheme, if that scheme is kept.
  private func checkWritable() throws(AdapterError) {
    guard requantization == .same else { return }
    for part in layers.checkpoint.parts where part.quantized.isGGUF {
      guard let weight = part.quantized.weights.values.min(by: { $0.codes.name < $1.codes.name })
      else { continue }
      throw AdapterError(
        file: part.file.path,
        reason: .onlyRead(scheme: weight.scheme, weight: "\(weight.codes.name)"))
    }
    for piece in changes.values.lazy.compactMap(\.first?.piece) {
      guard let weight = piece.quantized, weight.ownWriter() == nil else { continue }
      throw AdapterError(
        file: weight.file.path,
        reason: .onlyRead(scheme: weight.scheme, weight: "\(weight.codes.name)"))
    }
  }

  /// - Returns: Whether the checkpoint has the tensor.
  private mutating func add(_ layer: Combination.Layer, _ role: CheckpointLayers.Role) -> Bool {
    let key = CheckpointLayers.Key(layer.target, role)
    let extents = role == .weight && layer.hasExtents ? layer.extents : nil
    let attention = layer.terms.first { $0.module.name.hasSuffix(".base_layer.out_proj") }
    let obstacle =
      attention == nil
      ? layers.obstacle(to: key, extents: extents, biasCount: layer.biasCount) : .addedTwice
    if let obstacle {
      let (term, isBias) = (attention ?? layer.terms[0], role == .bias && layer.changesWeight)
      let name = term.module.name
      misfits.append(
        Misfit(
          module: name, name: isBias ? name + ".bias" : name, kind: isBias ? .biases : .modules,
          input: term.input, obstacle: obstacle))
      return false
    }
    add(.layer(layer), to: key)
    return true
  }

  /// - Returns: Whether the checkpoint has the expert.
  private mutating func add(
    _ layer: Combination.Layer, _ expert: Module.Expert, _ places: ExpertPlaces
  ) -> Bool {
    let pieces = places.pieces(of: layer, expert)
    for piece in pieces {
      changes[Place(part: piece.part, name: piece.entry.name), default: []]
        .append(
          Change(
            source: .layer(layer), key: CheckpointLayers.Key(layer.target, .weight), piece: piece))
    }
    if pieces.isEmpty {
      let name = layer.terms[0].module.name
      misfits.append(
        Misfit(
          module: name, name: name, kind: .modules, input: layer.terms[0].input,
          obstacle: .noLayer))
    }
    return !pieces.isEmpty
  }

  private mutating func add(_ term: Combination.TokenTerm) -> Bool {
    let key = CheckpointLayers.Key(term.rows.target, .weight)
    if let obstacle = obstacle(to: term.rows, key) {
      misfits.append(
        Misfit(
          module: term.rows.module, name: term.rows.entry.name.string, kind: .tokenRows,
          input: term.input, obstacle: obstacle))
      return false
    }
    add(.tokens(term), to: key)
    return true
  }

  /// Tests rows of tokens against the rows of the tensor as it is stored.
  private func obstacle(to rows: TokenRows, _ key: CheckpointLayers.Key) -> Obstacle? {
    if let obstacle = layers.obstacle(to: key, extents: nil) { return obstacle }
    let table = layers[key][0].shape
    guard let indices = rows.indices, indices.count == rows.entry.shape.extents.first else {
      return .noTokenNumbers
    }
    guard table.rank == 2, rows.entry.shape.extents == [indices.count, table.extents[1]] else {
      return .shape(own: rows.entry.shape, theirs: table)
    }
    let last = indices.max() ?? 0
    if last >= table.extents[0] || indices.contains(where: { $0 < 0 }) {
      return .vocabulary(own: last + 1, theirs: table.extents[0])
    }
    return nil
  }

  private mutating func add(_ source: Change.Source, to key: CheckpointLayers.Key) {
    for piece in layers[key] {
      changes[Place(part: piece.part, name: piece.entry.name), default: []]
        .append(Change(source: source, key: key, piece: piece))
    }
  }

  /// The number of tensors that change.
  package var tensorCount: Int { changes.count }

  /// The element types of the changed tensors that hold numbers.
  package var types: [ElementType] {
    let plain = changes.values.joined().filter { $0.piece.quantized == nil }
    let used = Set(plain.map(\.piece.entry.type))
    return ElementType.allCases.filter(used.contains)
  }

  /// The weights of a part that are decoded and written again.
  ///
  /// If a scheme is read-only, all its weights leave it, even those that nothing is added to: no
  /// program reads a model in which only some layers have left such a scheme.
  ///
  /// - Parameter roundsByChance: Whether floats of up to 16 bits are included.
  func rewrittenWeights(ofPart index: Int, roundsByChance: Bool) -> [any StoredWeight] {
    let part = layers.checkpoint.parts[index]
    let leaves =
      part.quantized.isGGUF
      || changes.values.contains { changes in
        changes.contains {
          $0.piece.quantized.map { $0.ownWriter() == nil } ?? false
            && layers.checkpoint.parts[$0.piece.part].component == part.component
        }
      }
    return part.file.header.entries.compactMap { entry in
      let isChanged = changes[Place(part: index, name: entry.name)] != nil
      if let weight = part.quantized.weights[entry.name] {
        return isChanged || leaves && weight.ownWriter() == nil ? weight : nil
      }
      let isShort = entry.type.bitCount <= 16
      return isChanged && roundsByChance && isShort ? PlainWeight(entry, in: part.file) : nil
    }
  }

  /// The adapters' layers and tensors that are missing from the result.
  package var leftOut: LeftOut {
    var leftOut = combination.inputs.foreignTensors(in: nil).leftOut
    for misfit in misfits { leftOut.add(misfit.name, as: misfit.kind) }
    return leftOut
  }
}

// MARK: - Refusals

extension BakedLayers {
  /// The error for modules without a place: first for those that cannot be left out, then for the
  /// most common reason.
  private func refusal(skipsMissing: Bool) -> AdapterError? {
    let firm = misfits.filter { !$0.obstacle.canBeSkipped }
    if firm.isEmpty && (skipsMissing || misfits.isEmpty) { return nil }
    let total = combination.layers.count + combination.tokenTerms.count
    let general = misfits.filter(\.obstacle.isGeneral)
    if 2 * general.count > total, !skipsMissing || !firm.isEmpty {
      return error(
        .otherModel(
          modules: general.count, detail: general[0].obstacle.detail, isThere: !firm.isEmpty),
        general)
    }
    let candidates = firm.isEmpty ? misfits : firm
    var counts: [Obstacle.Cause: Int] = [:]
    for misfit in candidates { counts[misfit.obstacle.cause, default: 0] += 1 }
    let most = counts.values.max()
    guard let first = candidates.first(where: { counts[$0.obstacle.cause] == most }) else {
      return nil
    }
    return error(
      first.obstacle, candidates.filter { $0.obstacle.cause == first.obstacle.cause })
  }

  private func error(_ obstacle: Obstacle, _ misfits: [Misfit]) -> AdapterError {
    AdapterError(
      file: layers.checkpoint.path,
      reason: .noPlace(
        obstacle, modules: misfits.map(\.module),
        adapter: combination.inputs[misfits[0].input].adapter.file.path, canSkip: true))
  }
}
