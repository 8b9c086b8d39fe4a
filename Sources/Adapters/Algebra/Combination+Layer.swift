import LinearAlgebra
import Names
import Safetensors
package import Tensors

extension Combination.Layer {
  /// The terms that add something to the layer's weight, as far as can be told without reading.
  private var activeTerms: [Combination.Term] {
    terms.filter { $0.weight != 0 && $0.changesWeight && !$0.module.isStill }
  }

  /// The exact sum as one product: the terms' factors side by side, or the sum of the matrices
  /// where one of the terms is whole.
  ///
  /// - Parameter input: The one input whose terms count; all do where it is `nil`.
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

  /// The exact sum, formed.
  package func difference(of input: Int? = nil) throws -> Matrix {
    let active = activeTerms.filter { input == nil || $0.input == input }
    let parts = try active.map { try $0.update().formed }
    guard let first = parts.first else { return Matrix(zeros: extents.outputs, extents.columns) }
    return parts.dropFirst().reduce(first, +)
  }

  /// Whether the layer adds nothing, whatever its weights are.
  package var isZero: Bool { activeTerms.isEmpty && biasCount == nil }

  /// Whether one of the terms is a whole difference: their sum is one, too.
  package var isDense: Bool { activeTerms.contains(where: \.isDense) }

  /// Whether a term changes the layer's weight, not its bias alone.
  package var changesWeight: Bool { terms.contains(where: \.changesWeight) }

  /// Whether a term is what a module makes of the base model's weight.
  package var dependsOnBase: Bool { terms.contains(where: \.dependsOnBase) }

  /// Whether the sum has a rank to be chosen: what is added to a norm or to a bias has none.
  package var hasRank: Bool {
    !activeTerms.isEmpty && !isNorm && (!isDense || min(extents.outputs, extents.columns) > 1)
  }

  private var isNorm: Bool { terms.contains { $0.module.algorithm.isNorm } }

  /// The rank of the exact sum as one product, without reading a weight.
  package var rank: Int {
    isDense
      ? min(extents.outputs, extents.columns)
      : activeTerms.reduce(0) { $0 + $1.expandedRank }
  }

  /// Whether the terms' parts tell the layer's extents.
  package var hasExtents: Bool {
    terms.contains { $0.module.algorithm.tellsExtents }
  }

  /// Whether the factors of the sum have fewer elements than the sum.
  package var isThin: Bool { 2 * rank < min(extents.outputs, extents.columns) }

  /// What the inputs call the module, by their naming; the first input's name counts.
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
  /// The layer of a result that holds the terms' factors side by side, or their sum where one
  /// of them is whole; no weight is read.
  ///
  /// Factors are what is stored where all terms' scales agree up to their signs, else up times
  /// what they differ by.
  package var concatenated: ResultModule {
    ResultModule(
      target: target, extents: extents, kind: kind, content: content,
      bias: biasCount.map { .init(count: $0) { try bias() ?? [] } },
      isTransposed: isTransposed, names: names, expert: expert)
  }

  /// Which of several experts the layer is of.
  package var expert: Module.Expert? { terms.lazy.compactMap(\.module.expert).first }

  /// Whether the layer's weight lies inputs × outputs in its model, as far as terms tell.
  package var isTransposed: Bool { terms.contains(where: \.module.isTransposed) }

  private var content: ResultModule.Content {
    guard let first = activeTerms.first else { return .biasOnly }
    if isDense {
      let shape = activeTerms.lazy.compactMap(\.wholeShape).first ?? extents.shape
      return .dense(shape, isNorm: isNorm) { try difference() }
    }
    let common = abs(first.weight * first.module.scale)
    let parts = activeTerms.map { term in
      ConcatenatedModule(
        module: term.module, ratio: term.weight * term.module.scale / common,
        placement: term.placement)
    }
    return .lowRank(rank: rank, scale: common) { .concatenation(parts) }
  }
}

// MARK: - Biases

extension Combination.Layer {
  /// The elements of the bias that the terms add to; `nil` where none does.
  package var biasCount: Int? {
    terms.lazy.filter { $0.weight != 0 }.compactMap(\.biasCount).first
  }

  /// The sum of what the terms add to the bias; `nil` where none does.
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
