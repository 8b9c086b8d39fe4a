package import Names
import Safetensors

/// A weighted sum of adapters: Δ = Σ weight · Δᵢ, module by module.
package struct Combination: Sendable {
  package struct Input: Sendable {
    package let adapter: Adapter
    package internal(set) var weight: Double

    package init(_ adapter: Adapter, weight: Double) {
      self.adapter = adapter
      self.weight = weight
    }
  }

  /// One input's module in one layer.
  package struct Term: Sendable {
    /// The index of the input.
    package let input: Int
    package let module: Module

    /// The input's weight, the same in all layers.
    package internal(set) var inputWeight: Double

    /// The input's weight times its block weight.
    package internal(set) var weight: Double

    /// Where the module's rows go; `nil` where the module and the layer have the same rows.
    let placement: Placement?

    /// The model whose weights the module's update depends on.
    let base: CheckpointLayers?
  }

  /// Rows of an embedding table that one input replaces, and how far: its weight.
  package struct TokenTerm: Sendable {
    package let input: Int
    package let rows: TokenRows
    package internal(set) var weight: Double
  }

  /// The terms of one layer, in the order of the inputs; there is at least one.
  package struct Layer: Sendable {
    package let target: Target
    package internal(set) var terms: [Term]

    /// For each term, the index of the first term that shares its down matrix.
    let leaders: [Int]

    init(target: Target, terms: [Term]) {
      self.target = target
      self.terms = terms
      leaders = terms.indices.map { index in
        terms[..<index].firstIndex { $0.sharesDown(with: terms[index]) } ?? index
      }
    }

    package var extents: Module.Extents { leading.extents }
    package var kind: Module.Kind { leading.module.kind }

    /// The first term that describes the layer's weight; a term with only a bias does not.
    private var leading: Term { terms.first(where: \.changesWeight) ?? terms[0] }
  }

  package internal(set) var inputs: [Input]

  /// The first input's modules in their order, then those that only later inputs have.
  package internal(set) var layers: [Layer]

  /// Rows that replace rows of a table; only a checkpoint can take them.
  package internal(set) var tokenTerms: [TokenTerm]

  /// Matches the inputs' modules by the layers that they change.
  ///
  /// - Parameters:
  ///   - world: The world whose division of layers the result gets; `nil` for the first input's.
  ///   - base: The model that the inputs are for. Updates that depend on its weights (DoRA and
  ///     others) are computed from them.
  ///   - leavesMissing: Whether `base` may lack layers that modules depend on. The caller does not
  ///     ask for their updates.
  ///   - blockWeight: The factor of an input's weight in a layer.
  /// - Throws: If two inputs disagree on a layer's shape or on the model, or an input changes a
  ///   layer twice, lacks a part, or holds a module whose update cannot be computed.
  package init(
    _ inputs: [Input], world: World? = nil, base: CheckpointLayers? = nil,
    leavesMissing: Bool = false, blockWeight: (Int, Target) throws -> Double = { _, _ in 1 }
  ) throws {
    try Self.check(inputs)
    self.inputs = inputs
    let world = world ?? inputs.lazy.compactMap(\.adapter.world).first
    var order: [Target] = []
    var terms: [Target: [Term]] = [:]
    for (index, input) in inputs.enumerated() {
      for module in input.adapter.modules {
        let weight = input.weight * (try blockWeight(index, module.target))
        for (target, placement) in try input.adapter.layers(of: module, in: world) {
          let term = Term(
            input: index, module: module, inputWeight: input.weight, weight: weight,
            placement: placement, base: base)
          try term.check(leavesMissing: leavesMissing)
          try Self.check(term, against: terms[target] ?? [])
          if terms[target] == nil { order.append(target) }
          terms[target, default: []].append(term)
        }
      }
    }
    layers = order.compactMap { target in terms[target].map { Layer(target: target, terms: $0) } }
    tokenTerms = try inputs.enumerated().flatMap { index, input in
      try input.adapter.tokenRows.map { rows in
        TokenTerm(
          input: index, rows: rows, weight: input.weight * (try blockWeight(index, rows.target)))
      }
    }
  }

  private static func check(_ term: Term, against others: [Term]) throws(AdapterError) {
    let file = term.module.file.path
    guard let other = others.last else { return }
    if let twin = others.first(where: { $0.input == term.input && $0.overlaps(term) }) {
      throw AdapterError(
        file: file,
        reason: .twoModules(
          target: "\(term.module.target)", first: twin.module.name, second: term.module.name))
    }
    let (a, b) = (other.extents, term.extents)
    let areWeights = other.changesWeight && term.changesWeight
    guard a.outputs == b.outputs, a.columns == b.columns || !areWeights else {
      let detail =
        "changes a layer of \(b.shape), in \(other.module.file.path) of \(a.shape);"
        + " the two are for different models"
      throw AdapterError(
        file: file, reason: .shapesDiffer(module: term.module.name, detail: detail))
    }
  }

  /// Refuses a file that lacks parts, and inputs for different models.
  private static func check(_ inputs: [Input]) throws(AdapterError) {
    var first: (model: BaseModel, path: String)?
    for input in inputs {
      let (adapter, path) = (input.adapter, input.adapter.file.path)
      if let (module, part) = adapter.missingPart {
        throw AdapterError(file: path, reason: .missingPart(module: module, part: part))
      }
      if !adapter.experts.isEmpty {
        throw AdapterError(file: path, reason: .experts(modules: adapter.experts))
      }
      let model = adapter.baseModel
      guard model != .unknown, adapter.modules.contains(where: { $0.target.network == .denoiser })
      else { continue }
      if let first, first.model != model {
        throw AdapterError(
          file: path, reason: .modelsDiffer(model, other: first.model, of: first.path))
      }
      first = first ?? (model, path)
    }
  }

  /// The names, as the file spells them, of the modules that only one input has.
  package func modules(onlyIn input: Int) -> [String] {
    layers.compactMap { layer in
      layer.terms.allSatisfy { $0.input == input } ? layer.terms[0].module.name : nil
    }
  }
}
