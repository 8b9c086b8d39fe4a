// Recognises the family of an adapter or a checkpoint.
//
// Names alone are not enough: Flux.1, Flux.2 and HunyuanVideo share the names of their blocks, and
// so do Flux.1, SD3 and Qwen-Image in diffusers' words. Among the families that know most of the
// layers, the hidden width and the highest block numbers decide.

/// The layers of one network, reduced to one per kind, since every kind is looked up in every
/// family.
private struct Evidence {
  /// One layer of each kind.
  let kinds: [(layer: BaseModel.Layer, name: NumberedName)]

  /// The numbers after the words before a path's first number: `double_blocks` → 0, 1, … 18.
  let blocks: [String: Set<Int>]

  init(_ layers: [BaseModel.Layer]) {
    var kinds: [String: (BaseModel.Layer, NumberedName)] = [:]
    var order: [String] = []
    var blocks: [String: Set<Int>] = [:]
    for layer in layers {
      let name = NumberedName(layer.target.key)
      if kinds[name.shape] == nil {
        order.append(name.shape)
        kinds[name.shape] = (layer, name)
      } else if kinds[name.shape]?.0.isWide == false, layer.isWide {
        kinds[name.shape] = (layer, name)
      }
      if let number = name.numbers.first, let words = name.shape.split(separator: "#").first {
        blocks[String(words.dropLast()), default: []].insert(number)
      }
    }
    self.kinds = order.compactMap { kinds[$0] }
    self.blocks = blocks
  }
}

extension BaseModel.Layer {
  /// Whether the extents are the layer's; rotations, biases and norms give only one of them.
  fileprivate var isWide: Bool { inputs > 1 && outputs > 1 }
}

extension Family {
  /// How well a family matches.
  private struct Fit {
    let family: Family
    let known: Int
    var agreements = 0
    var contradictions = 0

    /// Whether a layer has a name of its authors that diffusers does not use.
    var isOriginal = false

    /// Whether the number of blocks of a kind is more than a few and equals a published model's.
    var isOfItsDepth = false

    /// Whether every block of a kind that a published model has is present, though they are few.
    var hasAllBlocks = false
  }

  /// The family that knows most of a denoiser's layers; `nil` if none knows any, or if several do
  /// and their models have other widths: then only names of one family's authors decide.
  static func recognising(_ layers: [BaseModel.Layer]) -> Family? {
    let (candidates, best) = best(layers)
    if let first = best.first {
      return (best.first(where: \.isOfItsDepth) ?? best.first(where: \.hasAllBlocks) ?? first)
        .family
    }
    if candidates.count == 1 { return candidates[0].family }
    let agreeing = candidates.filter { $0.agreements > 0 }
    if agreeing.count == 1 { return agreeing[0].family }
    return candidates.first(where: \.isOriginal)?.family
  }

  /// The families that layers fit equally well; empty if one fits best, or none.
  static func equals(_ layers: [BaseModel.Layer]) -> [Family] {
    let best = best(layers).best
    return best.count < 2 || best.contains(where: \.isOfItsDepth) ? [] : best.map(\.family)
  }

  /// The families that know most of the layers, and those among them that the shapes fit best.
  private static func best(_ layers: [BaseModel.Layer]) -> (candidates: [Fit], best: [Fit]) {
    let evidence = Evidence(layers)
    let fits = all.compactMap { $0.fit(evidence) }
    let known = fits.map(\.known).max()
    let candidates = fits.filter { $0.known == known }
    let consistent = candidates.filter { $0.contradictions == 0 }
    let most = consistent.map(\.agreements).max()
    return (candidates, consistent.filter { $0.agreements == most })
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
      guard let numbers = evidence.blocks[words], let last = numbers.max(), let most = counts.max()
      else { continue }
      if last >= most { fit.contradictions += 1 }
      guard counts.contains(last + 1) else { continue }
      if last > 10 { fit.isOfItsDepth = true }
      if last > 3, numbers.count == last + 1 { fit.hasAllBlocks = true }
    }
    return fit
  }

  /// Whether a layer has the extents of a published model; `nil` if the table does not give them.
  private func agrees(_ layer: BaseModel.Layer, _ found: FoundLayer) -> Bool? {
    guard let size = found.layer.size else { return nil }
    let share = Double(found.part.shares.count) / Double(found.layer.count)
    let width = Double(layer.inputs) / size.inputs
    guard width * size.outputs * share == Double(layer.outputs) else { return false }
    return widths.isEmpty || widths.contains(Int(width))
  }
}
