import ArgumentParser

/// The rule that updates the weights, with its constants.
struct OptimizerPlan: Hashable {
  let rule: any Optimizer

  /// `optimizer_args` as given, for the metadata.
  let arguments: KeyedArguments

  /// - Parameter place: Where the arguments stand in a configuration file.
  init(_ type: OptimizerType, _ texts: [String], at place: String? = nil) throws(OptionsError) {
    arguments = try KeyedArguments(
      texts, option: "optimizer-args", known: type.rule.keys, at: place)
    rule = try type.rule.init(arguments)
  }

  /// The class that does the same in sd-scripts.
  var className: String { type(of: rule).className }

  static func == (first: OptimizerPlan, second: OptimizerPlan) -> Bool {
    AnyHashable(first.rule) == AnyHashable(second.rule) && first.arguments == second.arguments
  }

  func hash(into hasher: inout Hasher) { rule.hash(into: &hasher) }
}

/// The name of a rule, as sd-scripts has it; read without regard to case.
struct OptimizerType: RawRepresentable, CaseIterable, Hashable, ExpressibleByArgument {
  let rawValue: String
  let rule: any Optimizer.Type

  static let allCases = optimizers.flatMap { rule in
    rule.names.map { OptimizerType(rawValue: $0, rule: rule) }
  }

  /// The rule of a run that asks for none.
  static let standard = OptimizerType(rawValue: AdamW.names[0], rule: AdamW.self)

  private init(rawValue: String, rule: any Optimizer.Type) {
    (self.rawValue, self.rule) = (rawValue, rule)
  }

  init?(rawValue: String) { self.init(argument: rawValue) }

  init?(argument: String) {
    let word = argument.lowercased()
    guard let type = Self.allCases.first(where: { $0.rawValue.lowercased() == word }) else {
      return nil
    }
    self = type
  }
}
