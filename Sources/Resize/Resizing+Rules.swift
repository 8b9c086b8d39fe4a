import Adapters
import LinearAlgebra
import Safetensors
import Tensors

/// Resizing module by module, by a rule that needs only the module itself.
struct Resizing: Sendable {
  private let choice: RankChoice
  private let isDyLoRA: Bool

  /// sd-scripts' dynamic rules take one rank more than they say, and at least 2.
  private let addsOne: Bool

  init(_ choice: RankChoice, isDyLoRA: Bool, addsOne: Bool) {
    self.choice = choice
    self.isDyLoRA = isDyLoRA
    self.addsOne = addsOne
  }

  /// Refuses a fixed rank that a layer cannot have.
  static func check(_ choice: RankChoice, _ combination: Combination) throws(AdapterError) {
    for layer in combination.layers where !layer.isDense {
      let extents = layer.extents
      let rule = extents.hasWideKernel ? choice.convolutionRank.map(RankRule.fixed) : nil
      guard case .fixed(let rank) = rule ?? choice.rule else { continue }
      let most = min(extents.outputs, extents.columns)
      if rank > most {
        throw AdapterError(
          file: combination.inputs[0].adapter.file.path,
          reason: .shapesDiffer(
            module: layer.terms[0].module.name,
            detail:
              "of \(extents.shape) has no rank above \(most), \(rank) was asked for; choose a lower --rank\(extents.hasWideKernel ? " or --conv-rank" : "")"
          ))
      }
    }
  }

  func result(
    _ layer: Combination.Layer, in inputs: [Combination.Input]
  ) throws -> (form: ResultModule.Form, weights: ResultWeights) {
    let module = try ResizableModule(layer, in: inputs)
    let isWide = layer.extents.hasWideKernel
    if case .fixed(let rank) = isWide
      ? choice.convolutionRank.map(RankRule.fixed) ?? choice.rule : choice.rule
    {
      return isDyLoRA && rank < module.update.rank
        ? module.slice(rank: rank) : module.result(rank: rank)
    }
    let values = module.decomposition.values
    var rank = choice.rank(for: values, hasWideKernel: isWide)
    if addsOne { rank = min(max(rank + 1, 2), values.count, choice.maximum ?? .max) }
    return module.result(rank: rank)
  }
}

extension ResizableModule {
  /// The first ranks of a DyLoRA, at the strength that they had in training.
  ///
  /// Training multiplies a slice of b of L ranks by alpha/L · √(L/b).
  ///
  /// Source: kohya-ss/sd-scripts, `networks/dylora.py`.
  func slice(rank: Int) -> (form: ResultModule.Form, weights: ResultWeights) {
    let whole = scale == 0 ? 1 : scale
    let growth = (Double(update.rank) / Double(rank)).squareRoot()
    let factors = LowRank(
      up: update.up.prefix(columns: rank).scaled(by: 1 / whole),
      down: update.down.rows(in: 0..<rank))
    return (
      .lowRank(rank: rank, scale: whole * growth),
      ResultWeights(.lowRank(factors, asked: nil), bias: bias)
    )
  }
}
