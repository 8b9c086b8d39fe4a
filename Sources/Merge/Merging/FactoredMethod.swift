import Adapters
import LinearAlgebra
import Tensors

/// One input's update of a layer, without its weight.
struct MergeTask {
  let update: LowRank
  let weight: Double
}

/// A method whose result is a product of two thin matrices, computed without forming an update.
protocol FactoredMethod: MergeMethod {
  /// Merges the updates of one layer.
  ///
  /// - Parameter tasks: The updates, at least one; none is zero.
  func merged(_ tasks: [MergeTask]) throws -> LowRank
}

extension FactoredMethod {
  var rankUse: RankUse { .optional }

  func plan(
    _ combination: Combination, _ choice: RankChoice?, threads: Int,
    onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    let inputs = combination.inputs.indices
    return try combination.plan(choice, threads: threads, onLayer: onLayer) { layer in
      let tasks = try inputs.compactMap { input in
        try layer.update(of: input).map { MergeTask(update: $0.update, weight: $0.weight) }
      }
      return try merged(tasks)
    }
  }
}

extension Combination {
  /// Plans a result that a method computes as a product per layer, with at most the rank of the
  /// layer's exact sum, or reduced to the chosen ranks.
  ///
  /// - Parameter merged: Computes a layer's result when it is written.
  func plan(
    _ choice: RankChoice?, threads: Int, onLayer: @escaping @Sendable () -> Void,
    _ merged: @escaping @Sendable (Layer) throws -> LowRank
  ) throws -> ResultPlan {
    if let choice, !choice.isFixed {
      return try computedPlan(threads: threads, onLayer: onLayer) { layer in
        try Reduction(of: merged(layer), choice, hasWideKernel: layer.extents.hasWideKernel)
      }
    }
    var result = plan(onLayer: onLayer) { layer in
      let own = min(layer.rank, layer.extents.outputs, layer.extents.columns)
      guard let fixed = choice?.fixedRank(of: layer.extents), fixed < own else {
        return (own, 1, { .lowRank(try merged(layer).ofRank(own), asked: nil) })
      }
      return (
        fixed, 1,
        {
          try Reduction(
            of: merged(layer).ofRank(own), RankChoice(rule: .fixed(fixed)),
            hasWideKernel: layer.extents.hasWideKernel
          ).factors
        }
      )
    }
    if choice == nil { result.promise = .exact }
    return result
  }
}

extension LowRank {
  /// The product at a given rank: padded with zeros, or decomposed if it has more columns than
  /// that.
  ///
  /// - Parameter rank: At least the rank of the product as a matrix.
  fileprivate func ofRank(_ rank: Int) throws -> LowRank {
    if self.rank > rank {
      let best = try ProductDecomposition(of: up, down).leading(rank).truncated(to: rank)
      return LowRank(up: best.up, down: best.down)
    }
    if self.rank == rank { return self }
    return LowRank(
      up: .joiningColumns([up, Matrix(zeros: up.rows, rank - self.rank)]),
      down: .joiningRows([down, Matrix(zeros: rank - self.rank, down.columns)]))
  }
}

extension SingularValueDecomposition {
  /// The triples whose value exceeds the noise of the computation; none if all values are zero.
  var significant: SingularValueDecomposition {
    let limit = (values.first ?? 0) * 1e-10
    return prefix(values.prefix { $0 > limit }.count)
  }
}
