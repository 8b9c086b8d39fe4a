import JSON
import Names

/// The configuration beside the weights, for programs that read ranks and scales there: PEFT's and
/// MLX's `adapter_config.json`, and diffusers' `lora_adapter_metadata`.
///
/// The factors include their scale, so alpha equals the rank everywhere.
///
/// Sources: peft `LoraConfig.to_dict`; diffusers `_pack_dict_with_prefix`; mlx-lm
/// `tuner/utils.py`, `load_adapters`.
package struct ResultConfiguration: Sendable {
  private struct Layer: Sendable {
    let name: String
    let rank: Int
    let hasBias: Bool
    let hasMagnitude: Bool
    let isTransposed: Bool

    /// PEFT's name of the parameter that experts' factors change; `nil` for a layer.
    let parameter: String?
  }

  private let layers: [Layer]

  /// - Parameter names: The modules' names, in the same order.
  init(_ modules: [ResultModule], names: [String]) {
    layers = zip(modules, names).map { module, name in
      var hasMagnitude = false
      if case .kept(_, let form) = module.content {
        hasMagnitude = form.parts.contains { $0.part == .magnitude }
      }
      return Layer(
        name: name, rank: module.rank, hasBias: module.bias != nil,
        hasMagnitude: hasMagnitude, isTransposed: module.isTransposed && module.kind == .linear,
        parameter: module.isOfExperts ? module.target.path : nil)
    }
  }

  /// PEFT's `adapter_config.json`.
  package var peft: String {
    let named = layers.map { ($0.name.withoutPrefix("base_model.model."), $0) }
    var fields = Self.settings(of: named)
    fields["base_model_name_or_path"] = .null
    fields["task_type"] = .null
    fields["inference_mode"] = .boolean(true)
    return JSONValue.object(fields).text(.pretty)
  }

  /// The JSON that diffusers reads from a file's metadata: one configuration per network.
  var diffusers: String {
    var components: [String: [(String, Layer)]] = [:]
    for layer in layers {
      guard let dot = layer.name.firstIndex(of: ".") else { continue }
      components[String(layer.name[..<dot]), default: []]
        .append((String(layer.name[layer.name.index(after: dot)...]), layer))
    }
    var fields: [String: JSONValue] = [:]
    for (component, named) in components {
      for (key, value) in Self.settings(of: named) { fields["\(component).\(key)"] = value }
    }
    return JSONValue.object(fields).text()
  }

  /// MLX's `adapter_config.json`.
  package var mlx: String {
    let ranks = layers.map(\.rank)
    let blocks = Set(
      layers.compactMap { layer in
        layer.name.split(separator: ".").first { Int($0) != nil }
      })
    let isDoRA = layers.contains(where: \.hasMagnitude)
    return JSONValue.object([
      "fine_tune_type": .string(isDoRA ? "dora" : "lora"),
      "num_layers": .integer(blocks.count),
      "lora_parameters": .object([
        "rank": .integer(ranks.max() ?? 0), "scale": .number(1), "dropout": .number(0),
      ]),
    ]).text(.pretty)
  }

  private static func settings(of layers: [(name: String, layer: Layer)]) -> [String: JSONValue] {
    var counts: [Int: Int] = [:]
    for (_, layer) in layers { counts[layer.rank, default: 0] += 1 }
    let common = counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key ?? 0
    let others = Dictionary(
      layers.filter { $0.layer.rank != common }
        .map { ($0.layer.parameter ?? $0.name, JSONValue.integer($0.layer.rank)) },
      uniquingKeysWith: { first, _ in first })
    let parameters = layers.compactMap(\.layer.parameter)
    return [
      "target_parameters": parameters.isEmpty ? .null : .array(parameters.map { .string($0) }),
      "peft_type": .string("LORA"), "r": .integer(common), "lora_alpha": .integer(common),
      "rank_pattern": .object(others), "alpha_pattern": .object(others),
      "target_modules": .array(
        layers.filter { $0.layer.parameter == nil }.map { .string($0.name) }),
      "use_dora": .boolean(layers.contains(where: \.layer.hasMagnitude)),
      "lora_bias": .boolean(layers.contains(where: \.layer.hasBias)),
      "use_rslora": .boolean(false), "bias": .string("none"), "lora_dropout": .number(0),
      "fan_in_fan_out": .boolean(layers.contains(where: \.layer.isTransposed)),
      "init_lora_weights": .boolean(true),
      "modules_to_save": .null,
    ]
  }
}

extension String {
  fileprivate func withoutPrefix(_ prefix: String) -> String {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
  }
}
