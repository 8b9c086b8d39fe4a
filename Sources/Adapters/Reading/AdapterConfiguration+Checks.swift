import JSON

extension AdapterConfiguration {
  /// The valid ranks; PEFT's OFT writes 0 if its blocks have a size instead.
  private static let ranks = 0.0...0x1p20

  /// Throws if a rank or a factor is a number that no adapter has.
  ///
  /// - Parameter fields: The document's fields, or those of MLX's `lora_parameters` in it.
  static func check(_ fields: [String: JSONValue], path: String) throws(AdapterError) {
    for key in ["r", "rank", "rank_pattern"] {
      try check(fields[key], key, path, "a whole number from 0 to 1048576") {
        ranks.contains($0) && $0 == $0.rounded()
      }
    }
    for key in ["alpha_pattern", "rank_pattern"] {
      guard let pattern = ModulePatterns.strange(in: fields[key]) else { continue }
      let detail =
        "'\(key)' holds the pattern '\(pattern)', which is no regular expression of groups, sets and repetitions"
      throw AdapterError(file: path, reason: .unreadableConfiguration(detail: detail))
    }
    if let expression = fields["feedforward_modules"]?.word, NamePattern(expression) == nil {
      let detail =
        "'feedforward_modules' holds '\(expression)', which is no regular expression of groups, sets and repetitions"
      throw AdapterError(file: path, reason: .unreadableConfiguration(detail: detail))
    }
    for key in ["lora_alpha", "alpha", "alpha_pattern", "scale"] {
      try check(fields[key], key, path, "a number that float32 holds") { Float($0).isFinite }
    }
    if case .object(let parameters)? = fields["lora_parameters"] {
      try check(parameters, path: path)
    }
  }

  /// Throws unless a number, or each number of a pattern, is in the range.
  private static func check(
    _ value: JSONValue?, _ key: String, _ path: String, _ wanted: String,
    _ isWanted: (Double) -> Bool
  ) throws(AdapterError) {
    let numbers =
      value?.numbers?.sorted { $0.key < $1.key }.map(\.value) ?? value?.number.map { [$0] } ?? []
    if let number = numbers.first(where: { !isWanted($0) }) {
      throw AdapterError(
        file: path,
        reason: .unreadableConfiguration(detail: "'\(key)' holds \(number), not \(wanted)"))
    }
  }
}
