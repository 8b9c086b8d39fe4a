import Adapters
import LinearAlgebra
import Safetensors
import Tensors

/// What sd-scripts writes for the same flags, strength and losses included: for those who must
/// reproduce an old file.
///
/// Source: kohya-ss/sd-scripts, `networks/merge_lora.py` and `networks/svd_merge_lora.py`.
enum SDScriptsMerging {
  /// `merge_lora.py --concat`: every factor times its ratio, the rank's growth not made up for.
  ///
  /// The effective coefficient of an input is sign(ratio) · ratio² · rank / Σ rank.
  static func concatenation(
    _ layer: Combination.Layer, in inputs: [Combination.Input]
  ) throws -> (form: ResultModule.Form, weights: ResultWeights) {
    let parts = try scaledParts(layer, in: inputs)
    let factors = LowRank(
      up: .joiningColumns(parts.map(\.up)), down: .joiningRows(parts.map(\.down)))
    return result(factors, layer, in: inputs)
  }

  /// `merge_lora.py`: the factors are summed, so that their products cross.
  static func sum(
    _ layer: Combination.Layer, in inputs: [Combination.Input]
  ) throws -> (form: ResultModule.Form, weights: ResultWeights) {
    let parts = try scaledParts(layer, in: inputs)
    guard let first = parts.first, parts.allSatisfy({ $0.rank == first.rank }) else {
      let ranks = parts.map { "\($0.rank)" }.joined(separator: " and ")
      throw AdapterError(
        file: inputs[layer.terms[0].input].adapter.file.path,
        reason: .shapesDiffer(
          module: layer.terms[0].module.name,
          detail:
            "has ranks \(ranks); sd-scripts sums factors of one rank only, use --method concat"))
    }
    let factors = LowRank(
      up: parts.dropFirst().reduce(first.up) { $0 + $1.up },
      down: parts.dropFirst().reduce(first.down) { $0 + $1.down })
    return result(factors, layer, in: inputs)
  }

  /// `svd_merge_lora.py`: all of the values in up, both factors clamped at a quantile.
  static func approximation(
    _ layer: Combination.Layer, in inputs: [Combination.Input], _ choice: RankChoice
  ) throws -> (form: ResultModule.Form, weights: ResultWeights) {
    let sum = try layer.sum(in: inputs)
    let decomposition = try singularValueDecomposition(ofProduct: sum.up, sum.down)
    let rank = choice.rank(
      for: decomposition.values, hasWideKernel: layer.extents.hasWideKernel)
    let values = Array(decomposition.values.prefix(rank))
    let up = decomposition.left.prefix(columns: rank).scalingColumns(by: values)
    let down = decomposition.right.rows(in: 0..<rank)
    let limit = quantile(0.99, of: up.elements + down.elements)
    let factors = LowRank(up: up.clamped(to: limit), down: down.clamped(to: limit))
    return (
      .lowRank(rank: rank, scale: 1), ResultWeights(.lowRank(factors, asked: sum))
    )
  }

  /// Up times |ratio·√(alpha / first alpha)|, down times the same with its sign.
  private static func scaledParts(
    _ layer: Combination.Layer, in inputs: [Combination.Input]
  ) throws -> [LowRank] {
    let base = alpha(layer.terms[0].module)
    return try layer.terms.map { term in
      let module = term.module
      let file = inputs[term.input].adapter.file
      let ratio = alpha(module) / base
      guard ratio >= 0, base != 0, module.scale != 0 else {
        throw AdapterError(
          file: file.path, reason: .badAlpha(module: module.name, value: alpha(module)))
      }
      let factor = term.weight * ratio.squareRoot()
      let update = try module.update(in: file).lowRank
      return LowRank(
        up: update.up.scaled(by: abs(factor) / module.scale),
        down: update.down.scaled(by: factor))
    }
  }

  private static func alpha(_ module: Module) -> Double { module.alpha ?? Double(module.rank) }

  private static func result(
    _ factors: LowRank, _ layer: Combination.Layer, in inputs: [Combination.Input]
  ) -> (form: ResultModule.Form, weights: ResultWeights) {
    let scale = alpha(layer.terms[0].module) / Double(max(factors.rank, 1))
    return (
      .lowRank(rank: factors.rank, scale: scale), ResultWeights(.lowRank(factors, asked: nil))
    )
  }

  /// torch.quantile: between neighbours in proportion.
  private static func quantile(_ share: Double, of numbers: [Double]) -> Double {
    let sorted = numbers.sorted()
    guard sorted.count > 1 else { return sorted.first ?? 0 }
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
  }
}

extension Matrix {
  fileprivate func clamped(to limit: Double) -> Matrix {
    Matrix(
      rows: rows, columns: columns, elements: elements.map { min(max($0, -limit), limit) })
  }
}
