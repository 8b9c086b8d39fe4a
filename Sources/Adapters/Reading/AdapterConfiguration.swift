import JSON
package import Safetensors

/// The configuration beside an adapter's weights: PEFT's and MLX's `adapter_config.json`, and
/// diffusers' `lora_adapter_metadata`.
package struct AdapterConfiguration: Sendable {
  /// One component's settings: a PEFT file has one, a pipeline one per network.
  struct Settings: Sendable {
    var rank: Double?
    var alpha: Double?

    var alphaPattern = ModulePatterns()
    var rankPattern = ModulePatterns()
    var isRankStabilized = false

    /// MLX's factor, used unchanged.
    var scale: Double?
    var wholeModules: [String] = []

    /// The ranks that modules may have, if the configuration lists any.
    var ranks: Set<Int> = []

    /// Parameters that have factors under their own names; parameters of experts have a pair for
    /// each.
    var parameters: [String] = []
  }

  /// Modules, listed by the ends of their names or matched by one regular expression.
  enum Modules: Sendable {
    case ends([String])
    case expression(NamePattern)
  }

  /// Whether base weights are stored transposed (GPT-2's Conv1D); the factors are not.
  package let isFanInFanOut: Bool

  /// The settings by component (`unet`, `transformer`, `text_encoder`); PEFT and MLX use "".
  private let components: [String: Settings]

  /// The layers whose inputs (IA)³ scales; `nil` where the configuration does not say.
  private let feedforward: Modules?

  /// The rule by which the update differs from alpha / rank · up · down; `nil` where it does not.
  let peculiarity: Peculiarity?

  /// PEFT's name of a method whose files cannot be read here; `nil` for other methods.
  let foreignMethod: String?

  /// The trained rows of a table, by the end of the table's name; "" means any table.
  private let tokens: [String: [Int]]

  var wholeModules: [String] { components.values.flatMap(\.wholeModules) }
}

extension AdapterConfiguration {
  /// Reads `adapter_config.json`.
  package init(json: [UInt8], path: String) throws(AdapterError) {
    guard let document = JSONValue(parsing: json) else {
      throw AdapterError(
        file: path, reason: .unreadableConfiguration(detail: "no valid JSON"))
    }
    guard case .object(let fields) = document else {
      throw AdapterError(file: path, reason: .unreadableConfiguration(detail: "no JSON object"))
    }
    try Self.check(fields, path: path)
    var settings = Settings(fields, document: String(decoding: json, as: UTF8.self))
    if case .object(let parameters)? = fields["lora_parameters"] {
      settings.scale = Self.mlxScale(parameters)
    } else if fields["peft_type"] == nil {
      settings.scale = Self.mlxScale(fields)
    }
    components = ["": settings]
    isFanInFanOut = fields["fan_in_fan_out"]?.boolean ?? false
    feedforward = Self.modules(fields["feedforward_modules"])
    peculiarity = Peculiarity(fields)
    foreignMethod = fields["peft_type"]?.word.flatMap(Adapters.foreignMethod(ofPEFT:))
    tokens = Self.tokens(fields["trainable_token_indices"] ?? fields["token_indices"])
  }

  private static func modules(_ value: JSONValue?) -> Modules? {
    if case .string(let expression)? = value {
      return NamePattern(expression).map { .expression($0) }
    }
    return value?.strings.map { .ends($0) }
  }

  private static func tokens(_ value: JSONValue?) -> [String: [Int]] {
    if case .object(let tables)? = value { return tables.compactMapValues(\.integers) }
    return value?.integers.map { ["": $0] } ?? [:]
  }

  /// MLX's factor; its first versions stored an alpha, divided by the rank.
  private static func mlxScale(_ fields: [String: JSONValue]) -> Double? {
    if let scale = fields["scale"]?.number { return scale }
    guard let alpha = fields["alpha"]?.number, let rank = fields["rank"]?.number, rank > 0 else {
      return nil
    }
    return alpha / rank
  }

  /// Reads diffusers' `lora_adapter_metadata`; `nil` where the file has none.
  package init?(diffusersMetadata metadata: Metadata) {
    guard let text = metadata["lora_adapter_metadata"],
      case .object(let fields)? = JSONValue(parsing: text)
    else { return nil }
    var grouped: [String: [String: JSONValue]] = [:]
    for (key, value) in fields {
      guard let dot = key.lastIndex(of: ".") else { continue }
      grouped[String(key[..<dot]), default: [:]][String(key[key.index(after: dot)...])] = value
    }
    components = grouped.mapValues { Settings($0, document: text) }
    isFanInFanOut = false
    (feedforward, peculiarity, foreignMethod) = (nil, nil, nil)
    tokens = [:]
  }

  /// The alpha and the scale of one module; `nil` where the configuration does not give them.
  ///
  /// - Parameter storedAlpha: The alpha in the file, which takes precedence.
  func scaling(
    of module: String, prefix: String, _ algorithm: any Algorithm, rank: Int, storedAlpha: Double?
  ) -> (alpha: Double?, scale: Double)? {
    let component = prefix.hasSuffix(".") ? String(prefix.dropLast()) : prefix
    guard let settings = components[component] ?? components[""] else { return nil }
    // PEFT's LoKr divides by the configured rank even if both factors are full matrices.
    let configured =
      algorithm.isScaledByConfiguredRank ? settings.rank.flatMap { Int(exactly: $0) } : nil
    let rank = rank > 0 ? rank : configured ?? 0
    guard rank > 0 else { return nil }
    if let scale = settings.scale { return (scale * Double(rank), scale) }
    let name = String(module.dropFirst(prefix.count))
    guard let alpha = storedAlpha ?? settings.alphaPattern[name] ?? settings.alpha else {
      return nil
    }
    let divisor = settings.isRankStabilized ? Double(rank).squareRoot() : Double(rank)
    return (alpha, alpha / divisor)
  }

  /// Whether (IA)³ scales a module's input; `nil` where the configuration does not say.
  func scalesInputs(of module: String) -> Bool? {
    switch feedforward {
    case .ends(let names): names.contains { module.hasSuffix($0) }
    case .expression(let pattern): pattern.matches(module)
    case nil: nil
    }
  }

  /// The trained rows of a table; `nil` where the configuration does not list them.
  func tokens(of table: String) -> [Int]? {
    tokens.filter { table.hasSuffix($0.key) }.max { $0.key.utf8.count < $1.key.utf8.count }?.value
  }

  /// Parameters that have factors under their own names.
  var parameters: [String] { components.values.flatMap(\.parameters) }

  /// The rank of a parameter's factors; `nil` where the configuration does not give it.
  ///
  /// - Parameter name: The module's name as the file spells it, followed by the parameter's.
  func rank(ofParameter name: String) -> Int? {
    guard let settings = components[""] else { return nil }
    let prefix = "base_model.model."
    let path = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    return (settings.rankPattern[path] ?? settings.rank).flatMap { Int(exactly: $0) }
  }

  /// Whether factors of this rank, put on parameters of a module, are not one product.
  func holdsExperts(module: String, rank: Int) -> Bool {
    components.values.contains { settings in
      let isMeant = settings.parameters.contains { parameter in
        guard let dot = parameter.lastIndex(of: ".") else { return false }
        let owner = parameter[..<dot]
        return module == owner || module.hasSuffix("." + owner)
      }
      return isMeant && !settings.ranks.contains(rank)
    }
  }
}

extension AdapterConfiguration.Settings {
  /// - Parameter document: The JSON text of the fields, which preserves their order.
  fileprivate init(_ fields: [String: JSONValue], document: String) {
    rank = fields["r"]?.number
    alpha = (fields["lora_alpha"] ?? fields["alpha"])?.number
    alphaPattern = ModulePatterns(fields, "alpha_pattern", document: document)
    rankPattern = ModulePatterns(fields, "rank_pattern", document: document)
    isRankStabilized = fields["use_rslora"]?.boolean ?? false
    wholeModules = fields["modules_to_save"]?.strings ?? []
    parameters = fields["target_parameters"]?.strings ?? []
    let patterns = fields["rank_pattern"]?.numbers ?? [:]
    ranks = Set((patterns.values + [rank].compactMap(\.self)).compactMap { Int(exactly: $0) })
  }
}
