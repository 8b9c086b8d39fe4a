import ArgumentParser
import CommandSupport
import Files

/// The message about a command line that cannot be followed.
struct WrongUsage {
  /// One line.
  private let sentence: String
  private let command: (any ParsableCommand.Type)?

  /// Whether the sentence is on one option's value, and no usage would add to it.
  private let isOnValue: Bool

  /// - Parameters:
  ///   - error: Why it cannot be followed; a word that nobody knows goes before it, as it may well
  ///     be the cause.
  ///   - words: Those behind the program's name, as they were parsed.
  init(_ error: any Error, _ words: [String]) {
    let line = try? CommandLineWords(words)
    let complaint = line?.unknownWord == nil ? Self.complaint(of: error) : nil
    isOnValue = complaint != nil
    sentence =
      line?.unknownWord ?? complaint.map { Self.sentence(of: $0, line) } ?? Self.sentence(of: error)
    command = Lora.command(named: words.first)
  }

  /// The sentence, the usage of the command, and where there is more.
  var text: String {
    if isOnValue { return "lora: \(escaped(sentence))" }
    let type = command ?? Lora.self
    let usage = (type.configuration.usage ?? Lora.usageString(for: type))
      .replacing("\n", with: "\n       ")
    let name = command.map { "lora \($0._commandName)" } ?? "lora"
    return
      "lora: \(escaped(sentence))\nUsage: \(usage)\n  See '\(name) --help' for more information."
  }

  /// The complaint about one value; nil for an argument without a name that takes one of a few words,
  /// as the usage lists these.
  private static func complaint(of error: any Error) -> ValueComplaint? {
    let complaint = ValueComplaint(Lora.message(for: error))
    return complaint.flatMap { $0.subject.hasPrefix("-") || $0.hasReason ? $0 : nil }
  }

  /// A complaint, with the values that ArgumentParser does not tell of rare options.
  private static func sentence(of complaint: ValueComplaint, _ line: CommandLineWords?) -> String {
    guard !complaint.hasReason,
      let option = line?.command?.arguments?.first(where: {
        $0.spellings.contains(complaint.subject)
      }), let values = option.allValues
    else { return complaint.description }
    return "\(complaint); it takes \(values.joined(separator: ", "))"
  }

  /// ArgumentParser's message on one line.
  private static func sentence(of error: any Error) -> String {
    Lora.message(for: error)
      .replacing(" the following:\n  - ", with: " ").replacing("\n  - ", with: ", ")
  }
}
