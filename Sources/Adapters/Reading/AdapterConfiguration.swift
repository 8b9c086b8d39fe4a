import JSON
package import Safetensors

/// What a configuration beside the weights says of them: PEFT's and MLX's `adapter_config.json`,
/// and diffusers' `lora_adapter_metadata`.
package struct AdapterConfiguration: Sendable {
  /// One component's settings: a PEFT file has one, a pipeline one a network.
  struct Settings: Sendable {
    var rank: Double?
    var alpha: Double?

    var alphaPattern = ModulePatterns()
    var rankPattern = ModulePatterns()
    var isRankStabilized = false

    /// MLX's factor, used as it is.
    var scale: Double?
    var wholeModules: [String] = []

    /// The ranks that modules may have, where the configuration lists any.
    var ranks: Set<Int> = []

    /// Parameters that factors were put on by their own names; of experts, a pair for each.
    var parameters: [String] = []
  }

  /// Modules by their names' ends, or by one regular expression.
  enum Modules: Sendable {
    case ends([String])
    case expression(NamePattern)
  }

  /// Layers whose base weights lie transposed (GPT-2's Conv1D); the factors do not.
  package let isFanInFanOut: Bool

  /// By component (`unet`, `transformer`, `text_encoder`); PEFT's and MLX's under "".
  private let components: [String: Settings]

  /// (IA)³'s layers that are scaled at their inputs; `nil` where nothing is said of them.
  private let feedforward: Modules?

  /// Whether the update is another than alpha / rank · up · down.
  let peculiarity: Peculiarity?

  /// What PEFT calls a method whose files are not read here; `nil` for the others.
  let foreignMethod: String?

  /// Which rows of a table were trained, by the end of its name; under "" those of any table.
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

  /// MLX's factor; its first versions divided an alpha by the rank instead.
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

  /// The alpha and the scale of one module; `nil` where nothing is said of it.
  ///
  /// - Parameter storedAlpha: The file's own, which counts more.
  func scaling(
    of module: String, prefix: String, _ algorithm: any Algorithm, rank: Int, storedAlpha: Double?
  ) -> (alpha: Double?, scale: Double)? {
    let component = prefix.hasSuffix(".") ? String(prefix.dropLast()) : prefix
    guard let settings = components[component] ?? components[""] else { return nil }
    // PEFT's LoKr is scaled by the configured rank even where both factors are whole.
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

  /// Whether (IA)³ scales what goes into a module; `nil` where nothing is said of it.
  func scalesInputs(of module: String) -> Bool? {
    switch feedforward {
    case .ends(let names): names.contains { module.hasSuffix($0) }
    case .expression(let pattern): pattern.matches(module)
    case nil: nil
    }
  }

  /// The rows of a table that were trained; `nil` where nothing is said of them.
  func tokens(of table: String) -> [Int]? {
    tokens.filter { table.hasSuffix($0.key) }.max { $0.key.utf8.count < $1.key.utf8.count }?.value
  }

  /// Parameters that factors were put on by their own names.
  var parameters: [String] { components.values.flatMap(\.parameters) }

  /// The rank of a parameter's factors; `nil` where nothing is said of it.
  ///
  /// - Parameter name: As the file spells the module, with the parameter behind it.
  func rank(ofParameter name: String) -> Int? {
    guard let settings = components[""] else { return nil }
    let prefix = "base_model.model."
    let path = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    return (settings.rankPattern[path] ?? settings.rank).flatMap { Int(exactly: $0) }
  }

  /// Whether factors of this rank, which were put on parameters of a module, are not of one product.
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
  /// - Parameter document: The JSON that the fields are of, which alone knows their order.
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
