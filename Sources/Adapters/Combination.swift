import LinearAlgebra
import Safetensors
package import Tensors

/// A weighted sum of adapters: Δ = Σ weight · Δᵢ, module by module.
package struct Combination: Sendable {
  package struct Input: Sendable {
    package let adapter: Adapter
    package let weight: Double

    package init(_ adapter: Adapter, weight: Double) {
      self.adapter = adapter
      self.weight = weight
    }
  }

  /// What one input adds to one layer.
  package struct Term: Sendable {
    /// Which of the inputs.
    package let input: Int
    package let module: Module

    /// The input's weight, times what block weights say.
    package let weight: Double

    /// Where the module's rows go; `nil` where the layer is the module's own.
    let placement: Placement?

    /// The model whose weights the module's update depends on.
    let base: CheckpointLayers?
  }

  /// The terms of one layer, in the order of the inputs; at least one.
  package struct Layer: Sendable {
    package let target: Target
    package let terms: [Term]
    package var extents: Module.Extents { terms[0].extents }
    package var kind: Module.Kind { terms[0].module.kind }
  }

  package let inputs: [Input]

  /// In the order of the first input's modules, then of those that only later inputs have.
  package let layers: [Layer]

  /// Matches the inputs' modules by the layers that they change.
  ///
  /// - Parameters:
  ///   - division: How Flux's layers are to be divided; that of the first input otherwise.
  ///   - base: The model that the inputs are for; modules whose update depends on its weights
  ///     (DoRA and others) are taken as what they make of them.
  ///   - blockWeight: What an input's weight is multiplied by in a layer.
  /// - Throws: Where two inputs disagree on a layer's shape, or one changes a layer twice.
  package init(
    _ inputs: [Input], division: FluxNames.Division? = nil, base: CheckpointLayers? = nil,
    blockWeight: (Int, Target) throws -> Double = { _, _ in 1 }
  ) throws {
    self.inputs = inputs
    let division = division ?? inputs.first?.adapter.fluxDivision
    var order: [Target] = []
    var terms: [Target: [Term]] = [:]
    for (index, input) in inputs.enumerated() {
      for module in input.adapter.modules {
        let weight = input.weight * (try blockWeight(index, module.target))
        for (target, placement) in try input.adapter.layers(of: module, in: division) {
          let term = Term(
            input: index, module: module, weight: weight, placement: placement, base: base)
          try Self.check(term, against: terms[target] ?? [], in: inputs)
          if terms[target] == nil { order.append(target) }
          terms[target, default: []].append(term)
        }
      }
    }
    layers = order.compactMap { target in terms[target].map { Layer(target: target, terms: $0) } }
  }

  private static func check(
    _ term: Term, against others: [Term], in inputs: [Input]
  ) throws {
    let file = inputs[term.input].adapter.file.path
    try term.checkBase(file: file)
    guard let other = others.last else { return }
    if let twin = others.first(where: { $0.input == term.input && $0.overlaps(term) }) {
      throw AdapterError(
        file: file,
        reason: .twoModules(
          target: "\(term.module.target)", first: twin.module.name, second: term.module.name))
    }
    let (a, b) = (other.extents, term.extents)
    guard a.outputs == b.outputs, a.columns == b.columns else {
      let detail =
        "changes a layer of \(b.shape), in \(inputs[other.input].adapter.file.path) of \(a.shape);"
        + " the two are for different models"
      throw AdapterError(
        file: file, reason: .shapesDiffer(module: term.module.name, detail: detail))
    }
  }

  /// The names of the modules that one input alone has, as it spells them.
  package func modules(onlyIn input: Int) -> [String] {
    layers.compactMap { layer in
      layer.terms.allSatisfy { $0.input == input } ? layer.terms[0].module.name : nil
    }
  }
}

extension Combination.Layer {
  /// The exact sum as one product: the terms' factors side by side.
  ///
  /// - Parameter input: The one input whose terms count; all do where it is `nil`.
  package func sum(in inputs: [Combination.Input], of input: Int? = nil) throws -> LowRank {
    let parts = try terms.filter { input == nil || $0.input == input }
      .map { try $0.update(in: inputs).lowRank }
    return LowRank(
      up: .joiningColumns(parts.map(\.up)), down: .joiningRows(parts.map(\.down)))
  }

  private var activeTerms: [Combination.Term] {
    terms.filter { $0.weight != 0 && $0.module.scale != 0 }
  }

  /// Whether the layer adds nothing, whatever its weights are.
  package var isZero: Bool { activeTerms.isEmpty && biasCount == nil }

  /// Whether one of the terms is a whole difference: their sum is one, too.
  package var isDense: Bool {
    terms.contains(where: \.isDense)
  }

  /// Whether a term changes the layer's weight, not its bias alone.
  package var changesWeight: Bool { terms.contains(where: \.changesWeight) }

  /// Whether the terms' parts tell the layer's extents.
  package var hasExtents: Bool {
    terms.contains { ![.oft, .boft, .ia3].contains($0.module.algorithm) }
  }

  /// Whether the factors of the sum have fewer elements than the sum.
  package var isThin: Bool {
    terms.reduce(0) { $0 + $1.expandedRank } * 2 < min(extents.outputs, extents.columns)
  }

  /// The elements of the bias that the terms add to; `nil` where none does.
  package var biasCount: Int? { terms.lazy.compactMap(\.biasCount).first }

  /// What the inputs call the module, by their naming; the first input's name counts.
  package var names: [Naming: String] {
    Dictionary(
      terms.filter { $0.placement == nil && $0.module.target.key == target.key }
        .map { ($0.module.naming, $0.module.name) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The layer of a result that holds the terms' factors side by side, or their sum where one
  /// of them is whole; no weight is read.
  package var concatenated: ResultModule {
    let shape = terms.lazy.compactMap(\.wholeShape).first ?? extents.shape
    let isNorm = terms.allSatisfy { $0.module.algorithm == .norm }
    let scale = activeTerms.first.map { abs($0.weight * $0.module.scale) } ?? 1
    let rank = activeTerms.reduce(0) { $0 + $1.expandedRank }
    return ResultModule(
      target: target, extents: extents, kind: kind,
      form: isDense ? .dense(shape, isNorm: isNorm) : .lowRank(rank: rank, scale: scale),
      biasCount: biasCount, names: names)
  }

  /// The weights of `concatenated`: what is stored where all terms' scales agree up to their
  /// signs, else up times what they differ by.
  package func concatenation(in inputs: [Combination.Input]) throws -> ResultWeights {
    let bias = try bias(in: inputs)
    if isDense {
      return ResultWeights(.dense(try difference(in: inputs)), bias: bias)
    }
    let common = concatenated.form.scale
    let parts = activeTerms.map { term in
      ConcatenatedModule(
        module: term.module, file: inputs[term.input].adapter.file, placement: term.placement,
        ratio: term.weight * term.module.scale / common)
    }
    return ResultWeights(.concatenation(parts), bias: bias)
  }

  /// The exact sum, formed.
  package func difference(in inputs: [Combination.Input]) throws -> Matrix {
    let parts = try terms.map { try $0.update(in: inputs).formed }
    return parts.dropFirst().reduce(parts[0], +)
  }

  /// Whether a term is what a module makes of the base model's weight.
  package var dependsOnBase: Bool { terms.contains(where: \.dependsOnBase) }

  /// The sum of what the terms add to the bias; `nil` where none does.
  package func bias(in inputs: [Combination.Input]) throws -> [Double]? {
    guard let biasCount else { return nil }
    var sum = [Double](repeating: 0, count: biasCount)
    for term in terms {
      let part = try term.biasDifference(in: inputs)
      for (index, value) in (part ?? []).enumerated() { sum[index] += term.weight * value }
    }
    return sum
  }

  package func release(in inputs: [Combination.Input]) {
    for term in terms { term.release(in: inputs) }
  }
}
