import JSON
import TOML

/// The pictures that a `--sample-prompts` file asks for.
enum SamplePrompts {
  /// Reads `.txt`, `.json` or `.toml`.
  ///
  /// - Parameter standard: What a picture is where the file does not say.
  static func read(
    _ bytes: [UInt8], file: String, standard: SamplePrompt
  ) throws -> [SamplePrompt] {
    if file.hasSuffix(".json") { return try json(bytes, file, standard) }
    if file.hasSuffix(".toml") { return try toml(TOMLTable(bytes, file: file), file, standard) }
    return try text(String(decoding: bytes, as: UTF8.self), file, standard)
  }

  /// One picture a line: the prompt, then settings after ` --`.
  ///
  /// A line that begins with `--` has the empty prompt; the prompt itself is never taken for a
  /// setting. (sd-scripts can do neither.)
  private static func text(
    _ text: String, _ file: String, _ standard: SamplePrompt
  ) throws(OptionsError) -> [SamplePrompt] {
    var prompts: [SamplePrompt] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (number, line) in lines.enumerated() {
      let line = String(line.drop(while: \.isWhitespace))
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      do throws(OptionsError.Reason) {
        prompts.append(try prompt(line, standard))
      } catch {
        throw OptionsError(place: "\(file):\(number + 1)", reason: error)
      }
    }
    return prompts
  }

  private static func prompt(
    _ line: String, _ standard: SamplePrompt
  ) throws(OptionsError.Reason) -> SamplePrompt {
    var result = standard
    let pieces = pieces(of: " " + line)
    result.prompt = String(pieces[0].drop(while: \.isWhitespace))
    for piece in pieces.dropFirst() {
      let words = piece.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let name = words.first?.lowercased() else { continue }
      guard let key = letters[name] else {
        throw .unusable("'--\(name)' is no setting of a picture; known are w h d s l n ss")
      }
      let value = words.count > 1 ? String(words[1]) : ""
      try result.set(key, to: key == "negative_prompt" ? value : value.filter { $0 != " " })
    }
    return result
  }

  private static let letters = [
    "w": "width", "h": "height", "d": "seed", "s": "sample_steps", "l": "scale",
    "n": "negative_prompt", "ss": "sample_sampler",
  ]

  /// The text between the occurrences of ` --`.
  private static func pieces(of line: String) -> [Substring] {
    var pieces: [Substring] = []
    var rest = line[...]
    while let mark = rest.firstRange(of: " --") {
      pieces.append(rest[..<mark.lowerBound])
      rest = rest[mark.upperBound...]
    }
    return pieces + [rest]
  }

  /// A list of prompts, or of objects with settings.
  private static func json(
    _ bytes: [UInt8], _ file: String, _ standard: SamplePrompt
  ) throws -> [SamplePrompt] {
    guard case .array(let elements)? = JSONValue(parsing: bytes)
    else { throw OptionsError(place: file, reason: .unusable("is no JSON list of prompts")) }
    return try elements.map { element throws(OptionsError) in
      var prompt = standard
      do throws(OptionsError.Reason) {
        switch element {
        case .string(let text): prompt = try Self.prompt(text, standard)
        case .object(let fields):
          for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            try prompt.set(key, to: TOMLValue(value))
          }
        default: throw .unusable("a prompt is a text or an object")
        }
      } catch {
        throw OptionsError(place: file, reason: error)
      }
      return prompt
    }
  }

  /// `[prompt]` with settings of all, `[[prompt.subset]]` with those of each.
  private static func toml(
    _ table: TOMLTable, _ file: String, _ standard: SamplePrompt
  ) throws(OptionsError) -> [SamplePrompt] {
    guard case .table(let common)? = table["prompt"], case .array(let subsets)? = common["subset"]
    else {
      throw OptionsError(place: file, reason: .unusable("has no [[prompt.subset]]"))
    }
    var base = standard
    try set(common, in: &base, file)
    var prompts: [SamplePrompt] = []
    for case .table(let subset) in subsets {
      var prompt = base
      try set(subset, in: &prompt, file)
      prompts.append(prompt)
    }
    return prompts
  }

  private static func set(
    _ table: TOMLTable, in prompt: inout SamplePrompt, _ file: String
  ) throws(OptionsError) {
    for entry in table.entries where entry.key != "subset" {
      do throws(OptionsError.Reason) {
        try prompt.set(entry.key, to: entry.value)
      } catch {
        throw OptionsError(place: "\(file):\(entry.line)", reason: error)
      }
    }
  }
}

extension SamplePrompt {
  fileprivate mutating func set(_ key: String, to value: TOMLValue?) throws(OptionsError.Reason) {
    guard let text = value?.scalarText else {
      throw .wrongType(key, wanted: "a text or a number", found: "something else")
    }
    try set(key, to: text)
  }
}
