import Adapters
import LinearAlgebra
import Tensors

/// Reproduces sd-scripts' `resize_lora.py` of February 2026, for users who need an old file again.
///
/// Its rules keep one rank more than they say and at least 2, require more than the ratio instead
/// of at least the ratio, and treat 1 × 1 convolutions as wide ones.
///
/// Source: kohya-ss/sd-scripts, commit 48d368f, `networks/resize_lora.py`.
enum SDScriptsResizing {
  static func fixedRank(_ choice: RankChoice, _ layer: Combination.Layer) -> Int? {
    guard case .fixed(let rank) = choice.rule else { return nil }
    return limit(choice, layer) ?? rank
  }

  /// `--new_conv_rank`, which is also the maximum rank that a rule can choose for a convolution.
  private static func limit(_ choice: RankChoice, _ layer: Combination.Layer) -> Int? {
    layer.extents.isConvolution ? choice.convolutionRank ?? choice.maximum : choice.maximum
  }

  /// Puts all singular values into up.
  static func result(
    _ module: ResizableModule, _ choice: RankChoice, rank fixed: Int?
  ) throws -> Reduction {
    let decomposition = try module.decomposition()
    let extents = module.layer.extents
    let count = min(extents.outputs, extents.columns)
    let rank =
      fixed
      ?? min(
        rank(for: decomposition.values, of: count, choice.rule),
        limit(choice, module.layer) ?? .max)
    let known = min(rank, decomposition.values.count)
    let vectors = decomposition.leading(known)
    let (up, down) = (vectors.left.scalingColumns(by: vectors.values), vectors.right)
    let more = rank - known
    return module.approximation(
      LowRank(
        up: .joiningColumns([up, Matrix(zeros: up.rows, more)]),
        down: .joiningRows([down, Matrix(zeros: more, down.columns)])))
  }

  /// - Parameters:
  ///   - values: The values that the shapes do not force to zero, without alpha.
  ///   - count: The number of values including those.
  static func rank(for values: [Double], of count: Int, _ rule: RankRule) -> Int {
    guard let first = values.first, first > 1e-6 else { return 1 }
    let index =
      switch rule {
      case .fixed(let rank): rank - 1
      case .ratio(let ratio): values.count { $0 * ratio > first * (1 + 1e-12) }
      case .frobenius, .cumulative: rule.rank(for: values)
      }
    return min(max(1, min(index, count - 1)) + 1, count)
  }
}
