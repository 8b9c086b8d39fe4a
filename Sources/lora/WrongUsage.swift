import ArgumentParser
import CommandSupport
import Files

/// What is said of a command line that cannot be followed.
struct WrongUsage {
  /// One line.
  private let sentence: String
  private let command: (any ParsableCommand.Type)?

  /// - Parameters:
  ///   - error: Why it cannot be followed; a word that nobody knows goes before it, as it may well
  ///     be the cause.
  ///   - words: Those behind the program's name, as they were parsed.
  init(_ error: any Error, _ words: [String]) {
    let line = try? CommandLineWords(words)
    sentence = line?.unknownWord ?? Self.sentence(of: error, line)
    command = Lora.command(named: words.first)
  }

  /// The sentence, the usage of the command, and where there is more.
  var text: String {
    let type = command ?? Lora.self
    let usage = (type.configuration.usage ?? Lora.usageString(for: type))
      .replacing("\n", with: "\n       ")
    let name = command.map { "lora \($0._commandName)" } ?? "lora"
    return
      "lora: \(escaped(sentence))\nUsage: \(usage)\n  See '\(name) --help' for more information."
  }

  /// ArgumentParser's message on one line, with the values that it does not tell of rare options.
  private static func sentence(of error: any Error, _ line: CommandLineWords?) -> String {
    let message = Lora.message(for: error)
      .replacing(" the following:\n  - ", with: " ").replacing("\n  - ", with: ", ")
    guard message.hasPrefix("The value '"), !message.contains("lease provide"),
      let options = line?.command?.arguments,
      let option = options.first(where: { option in
        option.spellings.contains { message.hasSuffix("for '\($0)'") }
      }), let values = option.allValues
    else { return message }
    return "\(message); it takes \(values.joined(separator: ", "))."
  }
}
