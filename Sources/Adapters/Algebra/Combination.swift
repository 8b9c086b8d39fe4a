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

  /// What one input adds to one layer.
  package struct Term: Sendable {
    /// Which of the inputs.
    package let input: Int
    package let module: Module

    /// The input's weight, the same in all layers.
    package internal(set) var inputWeight: Double

    /// The input's weight, times what block weights say.
    package internal(set) var weight: Double

    /// Where the module's rows go; `nil` where the layer is the module's own.
    let placement: Placement?

    /// The model whose weights the module's update depends on.
    let base: CheckpointLayers?
  }

  /// Rows of a table that one input has, and how far they take the place of the model's.
  package struct TokenTerm: Sendable {
    package let input: Int
    package let rows: TokenRows
    package internal(set) var weight: Double
  }

  /// The terms of one layer, in the order of the inputs; at least one.
  package struct Layer: Sendable {
    package let target: Target
    package internal(set) var terms: [Term]

    /// For each term, the first of those that have its down.
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

    /// The first term that says what the layer's weight is like: one of a bias alone does not.
    private var leading: Term { terms.first(where: \.changesWeight) ?? terms[0] }
  }

  package internal(set) var inputs: [Input]

  /// In the order of the first input's modules, then of those that only later inputs have.
  package internal(set) var layers: [Layer]

  /// Rows that stand in the place of a table's: what a checkpoint can take, and no adapter.
  package internal(set) var tokenTerms: [TokenTerm]

  /// Matches the inputs' modules by the layers that they change.
  ///
  /// - Parameters:
  ///   - world: Whose division the layers are to have; that of the first input otherwise.
  ///   - base: The model that the inputs are for; modules whose update depends on its weights
  ///     (DoRA and others) are taken as what they make of them.
  ///   - leavesMissing: Whether `base` may lack layers that modules depend on: their updates are
  ///     not to be asked for.
  ///   - blockWeight: What an input's weight is multiplied by in a layer.
  /// - Throws: Where two inputs disagree on a layer's shape or on the model, one changes a layer
  ///   twice, lacks a part, or holds a module whose update cannot be told.
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

  /// The names of the modules that one input alone has, as it spells them.
  package func modules(onlyIn input: Int) -> [String] {
    layers.compactMap { layer in
      layer.terms.allSatisfy { $0.input == input } ? layer.terms[0].module.name : nil
    }
  }
}
