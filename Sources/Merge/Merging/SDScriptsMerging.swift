import Adapters
import LinearAlgebra
import Safetensors
import Tensors

/// Reproduces sd-scripts' results for the same flags, wrong strengths and losses included, for
/// users who need an old file again.
///
/// Source: kohya-ss/sd-scripts, `networks/merge_lora.py` and `networks/svd_merge_lora.py`.
enum SDScriptsMerging {
  /// `merge_lora.py --concat`: multiplies every factor by its ratio without correcting for the
  /// rank.
  ///
  /// The effective coefficient of an input is sign(ratio) · ratio² · rank / Σ rank.
  static func concatenation(
    _ layer: Combination.Layer
  ) throws -> Reduction {
    let parts = try scaledParts(layer)
    let factors = LowRank(
      up: .joiningColumns(parts.map(\.up)), down: .joiningRows(parts.map(\.down)))
    return try result(factors, layer)
  }

  /// `merge_lora.py`: sums the factors, so that cross products appear.
  static func sum(
    _ layer: Combination.Layer
  ) throws -> Reduction {
    let parts = try scaledParts(layer)
    guard let first = parts.first, parts.allSatisfy({ $0.rank == first.rank }) else {
      let ranks = parts.map { "\($0.rank)" }.joined(separator: " and ")
      throw refusal(
        layer, "has ranks \(ranks); sd-scripts sums factors of one rank, use --method concat")
    }
    let factors = LowRank(
      up: parts.dropFirst().reduce(first.up) { $0 + $1.up },
      down: parts.dropFirst().reduce(first.down) { $0 + $1.down })
    return try result(factors, layer)
  }

  /// `svd_merge_lora.py`: puts all singular values into up and clamps both factors at a quantile of
  /// their elements, signs included.
  ///
  /// The signs of torch's singular vectors are unknown.
  static func approximation(
    _ layer: Combination.Layer, _ choice: RankChoice
  ) throws -> Reduction {
    let sum = try layer.sum()
    let decomposition = try ProductDecomposition(of: sum.up, sum.down)
    let rank = min(
      choice.rank(for: decomposition.values, hasWideKernel: layer.extents.hasWideKernel),
      layer.extents.inputs)
    let best = decomposition.leading(rank)
    let up = best.left.scalingColumns(by: best.values)
    let limit = quantile(0.99, of: up.elements + best.right.elements)
    let factors = LowRank(up: up.clamped(to: limit), down: best.right.clamped(to: limit))
    return Reduction(factors, scale: 1, asked: sum)
  }

  /// Multiplies up by |ratio·√(alpha / first alpha)| and down by the same with its sign; block
  /// weights go into both.
  private static func scaledParts(
    _ layer: Combination.Layer
  ) throws -> [LowRank] {
    if layer.isDense || layer.biasCount != nil {
      throw refusal(
        layer, "is not a plain pair of factors, and sd-scripts merges nothing else")
    }
    let base = alpha(layer.terms[0].module)
    return try layer.terms.map { term in
      let module = term.module
      let ratio = term.inputWeight
      guard alpha(module) / base > 0 else {
        throw refusal(
          layer,
          "has alpha \(alpha(module)) here and \(base) in the first input; sd-scripts takes the root of their quotient, omit --compat"
        )
      }
      let factor = ratio * (alpha(module) / base).squareRoot()
      let block = ratio == 0 ? 1 : term.weight / ratio
      let update = try term.unweightedUpdate().lowRank
      return LowRank(
        up: update.up.scaled(by: abs(factor) * block / module.scale),
        down: update.down.scaled(by: factor * block))
    }
  }

  private static func refusal(
    _ layer: Combination.Layer, _ detail: String
  ) -> AdapterError {
    AdapterError(
      file: layer.terms[0].module.file.path,
      reason: .refused("\(layer.terms[0].module.name) \(detail)"))
  }

  private static func alpha(_ module: Module) -> Double { module.alpha ?? Double(module.rank) }

  /// The result with the first input's alpha; its error is measured against the exact sum.
  private static func result(
    _ factors: LowRank, _ layer: Combination.Layer
  ) throws -> Reduction {
    let scale = alpha(layer.terms[0].module) / Double(factors.rank)
    return Reduction(factors, scale: scale, asked: try layer.sum())
  }

  /// torch.quantile: interpolates linearly between neighbours.
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
