import FoundationEssentials
package import Safetensors

/// What a configuration beside the weights says of them: PEFT's and MLX's `adapter_config.json`,
/// and diffusers' `lora_adapter_metadata`.
package struct AdapterConfiguration: Sendable {
  /// One component's settings: a PEFT file has one, a pipeline one a network.
  struct Settings: Sendable {
    var rank: Double?
    var alpha: Double?
    var rankPattern: [String: Double] = [:]
    var alphaPattern: [String: Double] = [:]
    var isRankStabilized = false

    /// MLX's factor, used as it is.
    var scale: Double?
    var wholeModules: [String] = []
  }

  /// Layers whose base weights lie transposed (GPT-2's Conv1D); the factors do not.
  package let isFanInFanOut: Bool

  /// By component (`unet`, `transformer`, `text_encoder`); PEFT's and MLX's under "".
  private let components: [String: Settings]

  var wholeModules: [String] { components.values.flatMap(\.wholeModules) }
}

extension AdapterConfiguration {
  /// Reads `adapter_config.json`.
  package init(json: [UInt8], path: String) throws(AdapterError) {
    let document: JSONValue
    do {
      document = try JSONDecoder().decode(JSONValue.self, from: Data(json))
    } catch {
      throw AdapterError(
        file: path, reason: .unreadableConfiguration(detail: "no valid JSON"))
    }
    guard case .object(let fields) = document else {
      throw AdapterError(file: path, reason: .unreadableConfiguration(detail: "no JSON object"))
    }
    var settings = Settings(fields)
    if case .object(let parameters)? = fields["lora_parameters"] {
      settings.scale = parameters["scale"]?.number
    } else if fields["peft_type"] == nil {
      settings.scale = fields["scale"]?.number
    }
    components = ["": settings]
    isFanInFanOut = fields["fan_in_fan_out"]?.boolean ?? false
  }

  /// Reads diffusers' `lora_adapter_metadata`; `nil` where the file has none.
  package init?(diffusersMetadata metadata: Metadata) {
    guard let text = metadata["lora_adapter_metadata"],
      case .object(let fields)? = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    else { return nil }
    var grouped: [String: [String: JSONValue]] = [:]
    for (key, value) in fields {
      guard let dot = key.lastIndex(of: ".") else { continue }
      grouped[String(key[..<dot]), default: [:]][String(key[key.index(after: dot)...])] = value
    }
    components = grouped.mapValues(Settings.init)
    isFanInFanOut = false
  }

  /// The alpha and the scale of one module; `nil` where nothing is said of it.
  ///
  /// - Parameter storedAlpha: The file's own, which counts more.
  func scaling(
    of module: String, prefix: String, rank: Int, storedAlpha: Double?
  ) -> (alpha: Double?, scale: Double)? {
    let component = prefix.hasSuffix(".") ? String(prefix.dropLast()) : prefix
    guard let settings = components[component] ?? components[""], rank > 0 else { return nil }
    if let scale = settings.scale { return (scale * Double(rank), scale) }
    let name = String(module.dropFirst(prefix.count))
    let pattern = settings.alphaPattern.first { matches(name, $0.key) }?.value
    guard let alpha = storedAlpha ?? pattern ?? settings.alpha else { return nil }
    let divisor = settings.isRankStabilized ? Double(rank).squareRoot() : Double(rank)
    return (alpha, alpha / divisor)
  }

  /// PEFT's rule: a name equals the pattern, or ends with it behind a dot; patterns are regular
  /// expressions.
  private func matches(_ name: String, _ pattern: String) -> Bool {
    if name == pattern || name.hasSuffix("." + pattern) { return true }
    let metacharacters: Set<Character> = ["^", "$", "*", "+", "?", "(", "[", "|", "\\"]
    guard pattern.contains(where: metacharacters.contains) else { return false }
    guard let expression = try? Regex("(.*\\.)?(\(pattern))") else { return false }
    return (try? expression.wholeMatch(in: name)) != nil
  }
}

extension AdapterConfiguration.Settings {
  fileprivate init(_ fields: [String: JSONValue]) {
    rank = fields["r"]?.number
    alpha = fields["lora_alpha"]?.number
    rankPattern = fields["rank_pattern"]?.numbers ?? [:]
    alphaPattern = fields["alpha_pattern"]?.numbers ?? [:]
    isRankStabilized = fields["use_rslora"]?.boolean ?? false
    wholeModules = fields["modules_to_save"]?.strings ?? []
  }
}
