import LinearAlgebra
import Safetensors
import Tensors

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
  }

  /// The terms of one layer, in the order of the inputs; at least one.
  package struct Layer: Sendable {
    package let target: Target
    package let terms: [Term]
    package var extents: Module.Extents { terms[0].module.extents }
    package var kind: Module.Kind { terms[0].module.kind }
  }

  package let inputs: [Input]

  /// In the order of the first input's modules, then of those that only later inputs have.
  package let layers: [Layer]

  /// Matches the inputs' modules by the layers that they change.
  ///
  /// - Parameter blockWeight: What an input's weight is multiplied by in a layer.
  /// - Throws: Where two inputs disagree on a layer's shape, or one changes a layer twice.
  package init(
    _ inputs: [Input], blockWeight: (Int, Target) throws(AdapterError) -> Double = { _, _ in 1 }
  ) throws(AdapterError) {
    self.inputs = inputs
    var order: [Target] = []
    var terms: [Target: [Term]] = [:]
    for (index, input) in inputs.enumerated() {
      for module in input.adapter.modules {
        let weight = input.weight * (try blockWeight(index, module.target))
        let term = Term(input: index, module: module, weight: weight)
        try Self.check(term, against: terms[module.target]?.last, in: inputs)
        if terms[module.target] == nil { order.append(module.target) }
        terms[module.target, default: []].append(term)
      }
    }
    layers = order.compactMap { target in terms[target].map { Layer(target: target, terms: $0) } }
  }

  private static func check(
    _ term: Term, against other: Term?, in inputs: [Input]
  ) throws(AdapterError) {
    let file = inputs[term.input].adapter.file.path
    if term.module.needsBase {
      throw AdapterError(
        file: file,
        reason: .needsBase(module: term.module.name, algorithm: term.module.algorithm))
    }
    guard let other else { return }
    if other.input == term.input {
      throw AdapterError(
        file: file,
        reason: .twoModules(
          target: "\(term.module.target)", first: other.module.name, second: term.module.name))
    }
    let (a, b) = (other.module.extents, term.module.extents)
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
      layer.terms.count == 1 && layer.terms[0].input == input ? layer.terms[0].module.name : nil
    }
  }
}

extension Combination.Term {
  /// The update of the term, its weight included.
  package func update(in inputs: [Combination.Input]) throws -> Update {
    .scaled(try module.update(in: inputs[input].adapter.file), by: weight)
  }

  /// Tells the system that the module's weights are no longer needed in memory.
  package func release(in inputs: [Combination.Input]) {
    for entry in module.parts.values { inputs[input].adapter.file.release(entry) }
  }
}

extension Combination.Layer {
  /// The exact sum as one product: the terms' factors side by side.
  package func sum(in inputs: [Combination.Input]) throws -> LowRank {
    let parts = try terms.map { try $0.update(in: inputs).lowRank }
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
    terms.contains { $0.module.algorithm == .full || $0.module.algorithm == .norm }
  }

  /// The elements of the bias that the terms add to; `nil` where none does.
  package var biasCount: Int? { terms.lazy.compactMap { $0.module.biasCount }.first }

  /// What the inputs call the module, by their naming; the first input's name counts.
  package var names: [Naming: String] {
    Dictionary(
      terms.map { ($0.module.naming, $0.module.name) }, uniquingKeysWith: { first, _ in first })
  }

  /// The layer of a result that holds the terms' factors side by side, or their sum where one
  /// of them is whole; no weight is read.
  package var concatenated: ResultModule {
    let shape = terms.lazy.compactMap { $0.module.wholeShape }.first ?? extents.shape
    let isNorm = terms.allSatisfy { $0.module.algorithm == .norm }
    let scale = activeTerms.first.map { abs($0.weight * $0.module.scale) } ?? 1
    let rank = activeTerms.reduce(0) { $0 + $1.module.expandedRank }
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
      let parts = try terms.map { try $0.update(in: inputs).formed }
      return ResultWeights(.dense(parts.dropFirst().reduce(parts[0], +)), bias: bias)
    }
    let common = concatenated.form.scale
    let parts = activeTerms.map { term in
      ConcatenatedModule(
        module: term.module, file: inputs[term.input].adapter.file,
        ratio: term.weight * term.module.scale / common)
    }
    return ResultWeights(.concatenation(parts), bias: bias)
  }

  /// The sum of what the terms add to the bias; `nil` where none does.
  package func bias(in inputs: [Combination.Input]) throws -> [Double]? {
    guard let biasCount else { return nil }
    var sum = [Double](repeating: 0, count: biasCount)
    for term in terms {
      let part = try term.module.biasDifference(in: inputs[term.input].adapter.file)
      for (index, value) in (part ?? []).enumerated() { sum[index] += term.weight * value }
    }
    return sum
  }

  package func release(in inputs: [Combination.Input]) {
    for term in terms { term.release(in: inputs) }
  }
}

extension Module {
  /// The factors of the update without its scale.
  func unscaledFactors(in file: Safetensors.SafetensorsFile) throws -> LowRank {
    let update = try update(in: file)
    if case .scaled(let inner, _) = update { return inner.lowRank }
    return update.lowRank
  }

  /// Whether what the module does depends on the base model's weights.
  package var needsBase: Bool {
    switch algorithm {
    case .lora, .loha, .lokr, .full, .norm: parts[.magnitude] != nil
    case .dora, .ia3, .glora, .oft, .boft: true
    }
  }

  /// The shape of a whole difference as stored; `nil` where there is none.
  var wholeShape: Shape? {
    (parts[.weightDifference] ?? parts[.normWeightDifference] ?? parts[.weight])?.shape
  }

  /// The elements of the bias that the module adds to; `nil` where it leaves it.
  package var biasCount: Int? {
    (parts[.biasDifference] ?? parts[.normBiasDifference])?.elementCount
  }

  /// The rank of the update as one product, by the shapes alone.
  package var expandedRank: Int {
    let most = min(extents.outputs, extents.columns)
    switch algorithm {
    case .lora, .dora: return rank
    case .loha: return parts.hadamardRank.map { min($0, most) } ?? most
    case .lokr: return parts.kroneckerRank
    case .full, .norm, .ia3, .glora, .oft, .boft: return most
    }
  }
}

extension [Part: Header.Entry] {
  /// r₁·r₂ of a LoHa's factors; above min(m, n) the update is formed instead.
  fileprivate var hadamardRank: Int? {
    guard let first = self[.hadamard1B]?.shape.extents.first,
      let second = self[.hadamard2B]?.shape.extents.first
    else { return nil }
    return first * second
  }

  fileprivate var kroneckerRank: Int {
    rank(.kronecker1, .kronecker1B) * rank(.kronecker2, .kronecker2B)
  }

  /// Of a factor that is a product its inner extent, of a whole one the lesser side.
  private func rank(_ whole: Part, _ b: Part) -> Int {
    if let extents = self[whole]?.shape.extents {
      return Swift.min(extents[0], extents[1...].reduce(1, *))
    }
    return self[b]?.shape.extents.first ?? 1
  }
}
