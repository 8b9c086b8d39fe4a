import ArgumentParser
import CommandSupport

/// Options that choose the merge method.
struct MethodOptions: ParsableArguments {
  @Option(help: "The method that combines the updates.")
  var method = MergeMethodName(Concatenation.self)

  @Option(
    .positiveShare,
    help: ArgumentHelp(
      "The share of each update's elements to keep, for methods that drop some (default: 0.5).",
      valueName: "share"))
  var density: Double?

  @Option(
    .number(0..<0.5),
    help: ArgumentHelp(
      "For della: the probability of keeping an element goes from density − EPSILON for the smallest to density + EPSILON for the largest (default: 0.15).",
      valueName: "share"))
  var epsilon: Double?

  @Option(
    .whole(0...UInt64.max),
    help: ArgumentHelp(
      "The seed by which dare and della choose elements (default: 0).", valueName: "n"))
  var seed: UInt64?

  @Option(
    .number(0...1),
    help: ArgumentHelp(
      "For slerp: the position between the first file, 0, and the second, 1 (default: 0.5).",
      valueName: "share"))
  var t: Double?

  @Option(
    help: ArgumentHelp(
      "Where methods drop elements: full (default) is the updates themselves, core their coordinates in a basis of all files' factors.",
      valueName: "space"))
  var space: MergeSpace?

  /// The settings that the user typed.
  private var typed: [(option: MergeOption, value: String)] {
    [
      (.density, density.map { "\($0)" }), (.epsilon, epsilon.map { "\($0)" }),
      (.seed, seed.map { "\($0)" }), (.t, t.map { "\($0)" }), (.space, space?.rawValue),
    ].compactMap { option, value in value.map { (option, $0) } }
  }

  /// The method with its settings.
  var choice: any MergeMethod {
    var settings = MergeSettings()
    settings.density = density ?? settings.density
    settings.epsilon = epsilon ?? settings.epsilon
    settings.seed = seed ?? settings.seed
    settings.t = t ?? settings.t
    settings.space = space ?? settings.space
    return method.type.init(settings: settings)
  }

  /// The method in a few words, for a result's metadata: `ties, density 0.3`.
  var text: String {
    ([method.type.name] + typed.map { "\($0.option.rawValue) \($0.value)" })
      .joined(separator: ", ")
  }

  func validate() throws {
    for (option, _) in typed where !method.type.options.contains(option) {
      throw ValidationError(
        "--\(option.rawValue) has no meaning for --method \(method.type.name).")
    }
  }
}
