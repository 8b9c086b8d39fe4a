import ArgumentParser
import CommandSupport

/// The words behind the program's name, with what their command knows of them.
struct CommandLineWords {
  let words: [String]

  /// The command that the first word names.
  let command: CommandDescription?

  init(_ words: [String]) throws {
    self.words = words
    command = try Lora.command(named: words.first).map { try CommandDescription($0) }
  }

  /// The words with negative numbers, which ArgumentParser takes for options, joined to the options
  /// whose values they are: `--scale -3` becomes `--scale=-3`.
  static func joiningNegativeNumbers(_ words: [String]) throws -> [String] {
    guard words.contains(where: isNegative) else { return words }
    let line = try CommandLineWords(words)
    var joined: [String] = []
    var isTerminated = false
    for word in words {
      isTerminated = isTerminated || word == "--"
      if !isTerminated, isNegative(word), let last = joined.last, line.takesNextWord(last) {
        joined[joined.count - 1] = "\(last)=\(word)"
      } else {
        joined.append(word)
      }
    }
    return joined
  }

  /// Whether a word is an option whose value is the next word.
  private func takesNextWord(_ word: String) -> Bool {
    word.hasPrefix("--") && command?.option(word)?.kind == "option"
  }

  private static func isNegative(_ word: String) -> Bool {
    guard word.hasPrefix("-"), let next = word.dropFirst().first else { return false }
    return next.isNumber || Double(word) != nil
  }

  /// The words that look like options and are no value of one, without what `=` sets them to.
  private var optionWords: [(index: Int, name: String)] {
    var found: [(Int, String)] = []
    var isValue = false
    for (index, word) in words.enumerated().dropFirst() {
      if word == "--" { break }
      let wasValue = isValue
      isValue = takesNextWord(word)
      guard word.hasPrefix("-"), word != "-", !wasValue || word.hasPrefix("--") else { continue }
      found.append((index, String(word.prefix { $0 != "=" })))
    }
    return found
  }

  /// A sentence about the first unknown word; `nil` where every word is known.
  var unknownWord: String? {
    guard let word = words.first else { return nil }
    guard let command else {
      if word.hasPrefix("-") {
        let isKnown = word.hasPrefix("--generate-completion-script")
        return isKnown ? nil : "'\(word)' is no option of lora itself; name a command before it"
      }
      let names = Lora.configuration.subcommands.filter { $0.configuration.shouldDisplay }
        .map { $0._commandName }
      let hint = nearest(to: word, among: names).map { "did you mean '\($0)'?" }
      return "'\(word)' is no command; \(hint ?? "they are \(names.joined(separator: ", "))")"
    }
    for (index, name) in optionWords where !isKnown(name, to: command) {
      if Self.isNegative(words[index]) { return strayNumber(at: index, command) }
      return "'\(name)' is no option of lora \(command.commandName)\(hint(for: name, command))"
    }
    return nil
  }

  private func isKnown(_ name: String, to command: CommandDescription) -> Bool {
    if command.option(name) != nil { return true }
    // Several letters behind one dash: `-qo`.
    return name.hasPrefix("-") && !name.hasPrefix("--") && !Self.isNegative(name)
      && name.dropFirst().allSatisfy { command.option("-\($0)") != nil }
  }

  private func strayNumber(at index: Int, _ command: CommandDescription) -> String {
    let takesWeights = (command.arguments ?? []).contains { $0.valueName == "file[:weight]" }
    guard takesWeights else { return "'\(words[index])' is no option and no file" }
    return "'\(words[index])' is no file; a weight is written behind its file, as in "
      + "\(words[index - 1]):\(words[index])"
  }

  private func hint(for name: String, _ command: CommandDescription) -> String {
    if let ours = elsewhere[name.replacing("_", with: "-")], isOurs(ours, command) {
      return "; here it is \(ours)"
    }
    let names = (command.arguments ?? []).flatMap(\.spellings).filter { $0.hasPrefix("--") }
    return nearest(to: name, among: names).map { "; did you mean \($0)?" } ?? ""
  }

  private func isOurs(_ words: String, _ command: CommandDescription) -> Bool {
    let option = words.prefix { $0 != " " }
    return !option.hasPrefix("-") || command.option(option) != nil
  }
}

/// Our counterparts of the options of sd-scripts' tools for adapters.
private let elsewhere = [
  "--models": "FILE:WEIGHT for each file, without an option",
  "--ratios": "FILE:WEIGHT for each file",
  "--new-rank": "--rank", "--new-conv-rank": "--conv-rank", "--dim": "--rank",
  "--conv-dim": "--conv-rank", "--save-to": "-o", "--save-precision": "--dtype",
  "--sd-model": "--into", "--concat": "--method concat", "--shuffle": "--mix SEED",
  "--dynamic-method": "--sv-ratio, --sv-fro or --sv-cumulative",
  "--dynamic-param": "the value of --sv-ratio, --sv-fro or --sv-cumulative",
  "--model-org": "the second file, without an option",
  "--model-tuned": "the first file, without an option",
]
