import CommandSupport

/// What `--network-args` or `--optimizer-args` set: `key=value`, in the order given.
struct KeyedArguments: Hashable {
  let option: String
  private(set) var entries: [(key: String, value: String)] = []

  /// - Parameters:
  ///   - option: The option's key, for messages.
  ///   - known: The keys that mean something.
  init(
    _ arguments: [String], option: String, known: [String]
  ) throws(OptionsError) {
    self.option = option
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw Self.error("--\(option) takes key=value, not '\(argument)'")
      }
      let key = String(parts[0])
      guard known.contains(key) else {
        let hint =
          nearest(to: key, among: known).map { "did you mean '\($0)'?" }
          ?? "known are \(known.joined(separator: ", "))"
        throw Self.error("--\(option): '\(key)' is not known; \(hint)")
      }
      entries.removeAll { $0.key == key }
      entries.append((key, String(parts[1])))
    }
  }

  var isEmpty: Bool { entries.isEmpty }

  subscript(key: String) -> String? { entries.first { $0.key == key }?.value }

  func number(_ key: String) throws(OptionsError) -> Double? {
    guard let text = self[key], PythonLiteral(text) != .none else { return nil }
    guard let number = PythonLiteral(text).double else { throw wrong(key, "a number") }
    return number
  }

  func integer(_ key: String) throws(OptionsError) -> Int? {
    guard let number = try number(key) else { return nil }
    guard let whole = Int(exactly: number) else { throw wrong(key, "a whole number") }
    return whole
  }

  func boolean(_ key: String) throws(OptionsError) -> Bool? {
    guard let text = self[key] else { return nil }
    guard case .boolean(let isTrue) = PythonLiteral(text) else { throw wrong(key, "True or False") }
    return isTrue
  }

  /// Numbers separated by commas.
  func numbers(_ key: String) throws(OptionsError) -> [Double]? {
    guard let text = self[key] else { return nil }
    let literal = PythonLiteral(text)
    guard let numbers = literal.doubles ?? literal.double.map({ [$0] }) else {
      throw wrong(key, "numbers separated by commas")
    }
    return numbers
  }

  func wrong(_ key: String, _ wanted: String) -> OptionsError {
    OptionsError(
      place: nil,
      reason: .wrongType("\(option): \(key)", wanted: wanted, found: "'\(self[key] ?? "")'"))
  }

  static func error(_ sentence: String) -> OptionsError {
    OptionsError(place: nil, reason: .unusable(sentence))
  }

  static func == (first: KeyedArguments, second: KeyedArguments) -> Bool {
    first.option == second.option
      && first.entries.elementsEqual(second.entries) { $0.key == $1.key && $0.value == $1.value }
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(option)
    for entry in entries { hasher.combine(entry.key) }
  }
}
