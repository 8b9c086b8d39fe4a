import LinearAlgebra
import Names
import Safetensors
package import Tensors

extension Combination.Layer {
  /// The terms that may add something to the layer's weight, judged without reading weights.
  private var activeTerms: [Combination.Term] {
    terms.filter(isActive)
  }

  private func isActive(_ term: Combination.Term) -> Bool {
    term.weight != 0 && term.changesWeight && !term.module.isStill
  }

  /// The active terms, grouped by the down matrix that they share.
  private var stacks: [[Combination.Term]] {
    let active = terms.indices.filter { isActive(terms[$0]) }
    return active.filter { leaders[$0] == $0 }.map { leader in
      active.filter { leaders[$0] == leader }.map { terms[$0] }
    }
  }

  /// The exact sum as one product: the terms' factors side by side, or the sum of the matrices
  /// if one of the terms is a full matrix.
  ///
  /// - Parameter input: The only input whose terms count; `nil` counts all inputs.
  package func sum(of input: Int? = nil) throws -> LowRank {
    let active = activeTerms.filter { input == nil || $0.input == input }
    if active.contains(where: \.isDense) {
      return Update.dense(try difference(of: input)).lowRank
    }
    let parts = try active.map { try $0.update().lowRank }
    if parts.count == 1 { return parts[0] }
    if parts.isEmpty {
      return LowRank(up: Matrix(zeros: extents.outputs, 0), down: Matrix(zeros: 0, extents.columns))
    }
    return LowRank(
      up: .joiningColumns(parts.map(\.up)), down: .joiningRows(parts.map(\.down)))
  }

  /// The exact sum as a full matrix.
  package func difference(of input: Int? = nil) throws -> Matrix {
    let active = activeTerms.filter { input == nil || $0.input == input }
    let parts = try active.map { try $0.update().formed }
    guard let first = parts.first else { return Matrix(zeros: extents.outputs, extents.columns) }
    return parts.dropFirst().reduce(first, +)
  }

  /// Whether the layer adds nothing, whatever its weights are.
  package var isZero: Bool { activeTerms.isEmpty && biasCount == nil }

  /// Whether one of the terms is a full difference, which makes the sum a full difference too.
  package var isDense: Bool { activeTerms.contains(where: \.isDense) }

  /// Whether a term changes the layer's weight and not only its bias.
  package var changesWeight: Bool { terms.contains(where: \.changesWeight) }

  /// Whether a term's update is computed from the base model's weight.
  package var dependsOnBase: Bool { terms.contains(where: \.dependsOnBase) }

  /// Whether the sum has a rank to choose: an update of a norm or a bias has none.
  package var hasRank: Bool {
    !activeTerms.isEmpty && !isNorm && (!isDense || min(extents.outputs, extents.columns) > 1)
  }

  private var isNorm: Bool { terms.contains { $0.module.algorithm.isNorm } }

  /// The rank of the exact sum as one product; no weight is read.
  package var rank: Int {
    isDense
      ? min(extents.outputs, extents.columns)
      : stacks.reduce(0) { $0 + $1[0].expandedRank }
  }

  /// Whether the terms' parts give the layer's extents.
  package var hasExtents: Bool {
    terms.contains { $0.module.algorithm.tellsExtents }
  }

  /// Whether the factors of the sum have fewer elements than the sum.
  package var isThin: Bool { 2 * rank < min(extents.outputs, extents.columns) }

  /// The module's name in each naming that the inputs use; the first input with a naming wins.
  package var names: [Naming: String] {
    Dictionary(
      terms.filter { $0.placement == nil && $0.module.target.key == target.key }
        .map { ($0.module.naming, $0.module.name) },
      uniquingKeysWith: { first, _ in first })
  }

  package func release() {
    for term in terms { term.module.release() }
  }
}

// MARK: - Side by side

extension Combination.Layer {
  /// The layer of a result: the terms' factors side by side, or their sum if one of them is a full
  /// matrix.
  ///
  /// No weight is read.
  ///
  /// Stored factors are copied where all terms' scales agree up to sign; otherwise up is multiplied
  /// by the ratio of the scales.
  package var concatenated: ResultModule {
    ResultModule(
      target: target, extents: extents, kind: kind, content: content,
      bias: biasCount.map { .init(count: $0) { try bias() ?? [] } },
      isTransposed: isTransposed, names: names, expert: expert)
  }

  /// The expert that the layer belongs to, where the factors of several lie side by side.
  package var expert: Module.Expert? { terms.lazy.compactMap(\.module.expert).first }

  /// Whether a term says that the model stores the layer's weight as inputs × outputs.
  package var isTransposed: Bool { terms.contains(where: \.module.isTransposed) }

  private var content: ResultModule.Content {
    guard let first = activeTerms.first else { return .biasOnly }
    if isDense {
      let shape = activeTerms.lazy.compactMap(\.wholeShape).first ?? extents.shape
      return .dense(shape, isNorm: isNorm) { try difference() }
    }
    let common = abs(first.weight * first.module.scale)
    let parts = stacks.map { terms in
      ConcatenatedModule(
        module: terms[0].module, ratio: terms[0].weight * terms[0].module.scale / common,
        placement: terms[0].placement,
        others: terms.dropFirst().compactMap { term in
          term.placement.map { (term.module, $0) }
        })
    }
    return .lowRank(rank: rank, scale: common) { .concatenation(parts) }
  }
}

// MARK: - Biases

extension Combination.Layer {
  /// The number of elements of the bias that the terms add to; `nil` where no term adds to it.
  package var biasCount: Int? {
    terms.lazy.filter { $0.weight != 0 }.compactMap(\.biasCount).first
  }

  /// The sum of the terms' bias differences; `nil` where no term has one.
  package func bias(of input: Int? = nil) throws -> [Double]? {
    guard let biasCount else { return nil }
    var sum = [Double](repeating: 0, count: biasCount)
    for term in terms where term.weight != 0 && (input == nil || term.input == input) {
      guard let part = try term.biasDifference() else { continue }
      guard part.count == biasCount else {
        throw AdapterError(
          file: term.module.file.path,
          reason: .shapesDiffer(
            module: term.module.name,
            detail:
              "adds to a bias of \(part.count) elements, another to \(biasCount) of the same layer")
        )
      }
      for (index, value) in part.enumerated() { sum[index] += term.weight * value }
    }
    return sum
  }
}
