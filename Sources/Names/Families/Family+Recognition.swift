// Which family an adapter or a checkpoint is of.
//
// Names alone do not tell: Flux.1, Flux.2 and HunyuanVideo share those of their blocks, as do
// Flux.1, SD3 and Qwen-Image in diffusers' words. Of the families that know most of the layers, the
// hidden width and the highest numbers of the blocks decide.

/// The layers of one network: each kind of layer is asked for in every family.
private struct Evidence {
  /// A layer of each kind.
  let kinds: [(layer: BaseModel.Layer, name: NumberedName)]

  /// The highest number behind the words before a path's first number: `double_blocks` → 18.
  let highest: [String: Int]

  init(_ layers: [BaseModel.Layer]) {
    var kinds: [String: (BaseModel.Layer, NumberedName)] = [:]
    var order: [String] = []
    var highest: [String: Int] = [:]
    for layer in layers {
      let name = NumberedName(layer.target.key)
      if kinds[name.shape] == nil {
        order.append(name.shape)
        kinds[name.shape] = (layer, name)
      } else if kinds[name.shape]?.0.isWide == false, layer.isWide {
        kinds[name.shape] = (layer, name)
      }
      if let number = name.numbers.first, let words = name.shape.split(separator: "#").first {
        highest[String(words.dropLast()), default: 0].grow(to: number)
      }
    }
    self.kinds = order.compactMap { kinds[$0] }
    self.highest = highest
  }
}

extension Int {
  fileprivate mutating func grow(to other: Int) { self = Swift.max(self, other) }
}

extension BaseModel.Layer {
  /// Whether the extents are the layer's: rotations, biases and norms tell one of them.
  fileprivate var isWide: Bool { inputs > 1 && outputs > 1 }
}

extension Family {
  /// How well a family fits.
  private struct Fit {
    let family: Family
    let known: Int
    var agreements = 0
    var contradictions = 0

    /// Whether a layer is known by its authors' name, which is not diffusers' too.
    var isOriginal = false

    /// Whether there are as many blocks of a kind, and more than a few, as a published model has.
    var isOfItsDepth = false
  }

  /// The family that knows most of some layers of a denoiser; `nil` where none knows any, or
  /// several do whose models have other widths: then only names of one's authors tell.
  static func recognising(_ layers: [BaseModel.Layer]) -> Family? {
    let evidence = Evidence(layers)
    let fits = all.compactMap { $0.fit(evidence) }
    let most = fits.map(\.known).max()
    let candidates = fits.filter { $0.known == most }
    let consistent = candidates.filter { $0.contradictions == 0 }
    if let most = consistent.map(\.agreements).max() {
      let best = consistent.filter { $0.agreements == most }
      return (best.first(where: \.isOfItsDepth) ?? best.first)?.family
    }
    if candidates.count == 1 { return candidates[0].family }
    let agreeing = candidates.filter { $0.agreements > 0 }
    if agreeing.count == 1 { return agreeing[0].family }
    return candidates.first(where: \.isOriginal)?.family
  }

  private func fit(_ evidence: Evidence) -> Fit? {
    let found = evidence.kinds.compactMap { kind in
      find(kind.name, path: kind.layer.target.path).map { (kind.layer, $0) }
    }
    if found.isEmpty { return nil }
    var fit = Fit(family: self, known: found.count)
    for (layer, found) in found {
      if found.worlds.contains(.original), !found.worlds.contains(.diffusers) {
        fit.isOriginal = true
      }
      guard layer.isWide, let agrees = agrees(layer, found) else { continue }
      if agrees { fit.agreements += 1 } else { fit.contradictions += 1 }
    }
    for (words, counts) in depths {
      guard let number = evidence.highest[words], let most = counts.max() else { continue }
      if number >= most { fit.contradictions += 1 }
      if number > 10, counts.contains(number + 1) { fit.isOfItsDepth = true }
    }
    return fit
  }

  /// Whether a layer has the extents of a published model's; `nil` where the table does not tell.
  private func agrees(_ layer: BaseModel.Layer, _ found: FoundLayer) -> Bool? {
    guard let size = found.layer.size else { return nil }
    let share = Double(found.part.shares.count) / Double(found.layer.count)
    let width = Double(layer.inputs) / size.inputs
    guard width * size.outputs * share == Double(layer.outputs) else { return false }
    return widths.isEmpty || widths.contains(Int(width))
  }
}
