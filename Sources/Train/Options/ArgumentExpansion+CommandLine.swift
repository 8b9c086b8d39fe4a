extension ArgumentExpansion {
  /// A command line, taken apart.
  struct CommandLine {
    /// Arguments that are no option of training: ArgumentParser reads them.
    var rest: [String] = []
    var assignments: [Assignment] = []

    /// Flags that were given as `--x=false`.
    var switchedOff: [String] = []

    /// sd-scripts' options that change nothing here.
    var passedOver: [String] = []
  }

  func expand(_ arguments: [String]) throws(OptionsError) -> CommandLine {
    var result = CommandLine()
    var remaining = arguments[...]
    while let argument = remaining.popFirst() {
      guard argument.hasPrefix("--"), argument != "--" else {
        result.rest.append(argument)
        continue
      }
      let parts = argument.dropFirst(2).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let spelling = String(parts[0].map { $0 == "-" ? "_" : $0 })
      try take(
        spelling, parts.count > 1 ? String(parts[1]) : nil, &remaining, into: &result,
        written: argument)
    }
    return result
  }

  private func take(
    _ spelling: String, _ value: String?, _ remaining: inout ArraySlice<String>,
    into result: inout CommandLine, written: String
  ) throws(OptionsError) {
    if let optimizer = Self.optimizerFlags[spelling] {
      result.assignments.append(Assignment(key: "optimizer_type", values: [optimizer]))
    } else if let foreign = ForeignOption.named(spelling), names.key(spelling) == nil {
      if try pass(foreign, value, &remaining) { result.passedOver.append(spelling) }
    } else if let key = names.key(spelling), let kind = names.kind(spelling) {
      switch (kind, value) {
      case (.flag, "false"): result.switchedOff.append(key)
      case (.flag, _): result.assignments.append(Assignment(key: key, values: []))
      case (.single, let value?): result.assignments.append(Assignment(key: key, values: [value]))
      case (.single, nil):
        guard let next = remaining.popFirst() else { return result.rest.append(written) }
        result.assignments.append(Assignment(key: key, values: [next]))
      case (.list, let value):
        let values = value.map { [$0] } ?? Self.popValues(&remaining)
        guard !values.isEmpty else { return result.rest.append(written) }
        result.assignments.append(Assignment(key: key, values: values))
      }
    } else {
      result.rest.append(written)
    }
  }

  /// sd-scripts' flags that stand for an optimiser.
  static let optimizerFlags = [
    "use_8bit_adam": AdamW.eightBit,
    "use_lion_optimizer": Lion.names[0],
  ]

  private func pass(
    _ option: ForeignOption, _ value: String?, _ remaining: inout ArraySlice<String>
  ) throws(OptionsError) -> Bool {
    var value = value
    if option.takesValue, value == nil { value = Self.popValues(&remaining).first }
    do {
      return try option.isPassedOver(with: value ?? "true")
    } catch {
      throw OptionsError(place: nil, reason: error)
    }
  }

  /// The values up to the next option; a negative number is a value.
  private static func popValues(_ remaining: inout ArraySlice<String>) -> [String] {
    var values: [String] = []
    while let next = remaining.first, !next.hasPrefix("-") || Double(next) != nil {
      values.append(next)
      remaining.removeFirst()
    }
    return values
  }
}
