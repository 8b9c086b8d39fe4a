import CommandSupport

/// The values of `--network-args` or `--optimizer-args`: `key=value`, in the order given.
struct KeyedArguments: Hashable {
  let option: String

  /// Where they stand in a configuration file.
  private let place: String?
  private(set) var entries: [(key: String, value: String)] = []

  /// - Parameters:
  ///   - option: The option's key, for messages.
  ///   - known: The keys that mean something.
  ///   - place: Where they stand in a configuration file.
  init(
    _ arguments: [String], option: String, known: [String], at place: String? = nil
  ) throws(OptionsError) {
    self.option = option
    self.place = place
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw error("--\(option) takes key=value, not '\(argument)'")
      }
      let key = String(parts[0])
      guard known.contains(key) else {
        let hint =
          nearest(to: key, among: known).map { "did you mean '\($0)'?" }
          ?? "known are \(known.joined(separator: ", "))"
        throw error("--\(option) knows no '\(key)'; \(hint)")
      }
      entries.removeAll { $0.key == key }
      entries.append((key, String(parts[1])))
    }
  }

  var isEmpty: Bool { entries.isEmpty }

  subscript(key: String) -> String? { entries.first { $0.key == key }?.value }

  /// The value under a key; nil where there is none, or Python's `None`.
  func value<Value>(
    _ key: String, _ domain: Domain<Value>
  ) throws(OptionsError) -> Value? {
    guard let text = self[key] else { return nil }
    let literal = PythonLiteral(text)
    guard literal != .none else { return nil }
    guard let value = domain.read(literal.description) else { throw wrong(key, domain.wanted) }
    return value
  }

  func boolean(_ key: String) throws(OptionsError) -> Bool? {
    guard let text = self[key] else { return nil }
    guard case .boolean(let isTrue) = PythonLiteral(text) else { throw wrong(key, "True or False") }
    return isTrue
  }

  /// Values separated by commas, so many of them.
  func values<Value>(
    _ key: String, _ domain: Domain<Value>, count: Int
  ) throws(OptionsError) -> [Value]? {
    guard let text = self[key] else { return nil }
    let values = PythonLiteral(text).elements.compactMap { domain.read($0.description) }
    guard values.count == count, PythonLiteral(text).elements.count == count else {
      throw wrong(key, count == 1 ? domain.wanted : "\(count) values, each \(domain.wanted)")
    }
    return values
  }

  func wrong(_ key: String, _ wanted: String) -> OptionsError {
    let found = DomainError(wanted: wanted, self[key] ?? "").found
    return error("--\(option) \(key) takes \(wanted), not \(found)")
  }

  /// An error about what stands here.
  func error(_ sentence: String) -> OptionsError {
    OptionsError(place: place, reason: .unusable(sentence))
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
