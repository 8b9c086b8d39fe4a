import Names
import Safetensors

extension Adapter {
  static func warnings(
    _ naming: Naming, _ configuration: AdapterConfiguration?, _ orphans: [Header.Entry]
  ) -> [String] {
    var warnings: [String] = []
    if configuration == nil && naming.folder != nil {
      warnings.append(
        "no adapter_config.json beside the file: alpha / rank taken as 1; strength may be wrong")
    }
    if !orphans.isEmpty {
      let names = orphans.prefix(3).map { $0.name.description }.joined(separator: ", ")
      warnings.append("\(orphans.count) tensors lack their counterpart: \(names)…")
    }
    return warnings
  }

  static func warnings(
    experts: [String], empty: [String], _ modules: [Module]
  ) -> [String] {
    let still = modules.filter { $0.isStill }.map(\.name)
    return [
      (
        experts, "factors of several experts side by side (target_parameters), which are no product"
      ),
      (empty, "rank 0: nothing is added"), (still, "alpha 0: nothing is added"),
    ].compactMap { names, what in
      guard let first = names.first else { return nil }
      return names.count == 1
        ? "\(first) has \(what)" : "\(first) and \(names.count - 1) more have \(what)"
    }
  }

  /// Names the other models that names and shapes fit.
  static func warnings(_ model: BaseModel, alternatives: [BaseModel]) -> [String] {
    if alternatives.isEmpty { return [] }
    let names = alternatives.map(\.rawValue).joined(separator: " and ")
    return ["taken for \(model.rawValue); names and shapes fit \(names) as well"]
  }

  /// Warns where readers of LoKr disagree: about alpha, if both factors are full matrices.
  static func warnings(ofKronecker modules: [Module], _ metadata: Metadata) -> [String] {
    let whole = modules.filter {
      $0.parts[.kronecker1] != nil && $0.parts[.kronecker2] != nil && $0.alpha != nil
    }
    let dimension = metadata["ss_network_dim"].flatMap { Double($0) }
    let strange = whole.filter { module in
      dimension.map { module.alpha != $0 } ?? ((module.alpha ?? 0) <= 1)
    }
    guard let first = strange.first, let alpha = first.alpha else { return [] }
    let rank = dimension.map { "rank \(Int(exactly: $0) ?? 0)" } ?? "a rank that is not stored"
    return [
      "\(strange.count) LoKr modules, such as \(first.name), have two whole factors, alpha \(alpha) and \(rank): they are read at scale 1, as LyCORIS does; a trainer that multiplied by alpha / rank meant another strength"
    ]
  }
}
