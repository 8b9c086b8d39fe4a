/// A regular expression that a configuration names layers by, with the syntax of Python's `re`.
///
/// The matcher follows all alternatives at once, so no expression takes longer than its length
/// times that of the name (Thompson, 1968).
struct NamePattern: Sendable {
  private enum Step: Sendable {
    /// Consumes one character of a set.
    case take(Characters)
    case either(Int, Int)
    case go(Int)
    case atStart
    case atEnd
  }

  private let steps: [Step]

  /// The maximum number of steps of a supported expression; repetitions are written out.
  private static let stepLimit = 20_000

  /// - Returns: `nil` if the expression is invalid or uses an unsupported feature, such as a
  ///   look-ahead or a reference to a group.
  init?(_ text: String) {
    var parser = NamePatternParser(text)
    guard let node = parser.whole() else { return nil }
    var steps: [Step] = []
    guard Self.add(node, to: &steps) else { return nil }
    self.steps = steps
  }

  /// Whether the expression matches a whole name.
  ///
  /// - Complexity: O(characters · steps).
  func matches(_ name: String) -> Bool {
    let characters = Array(name.unicodeScalars)
    var reached = States(count: steps.count + 1)
    follow(0, at: 0, of: characters.count, &reached)
    for (place, character) in characters.enumerated() {
      var next = States(count: steps.count + 1)
      for state in reached.list {
        if case .take(let set)? = step(state), set.contains(character) {
          follow(state + 1, at: place + 1, of: characters.count, &next)
        }
      }
      reached = next
    }
    return reached.contains(steps.count)
  }

  private func step(_ index: Int) -> Step? { index < steps.count ? steps[index] : nil }

  /// The states that are reached without consuming a character.
  private struct States {
    private(set) var list: [Int] = []
    private var isIn: [Bool]

    init(count: Int) { isIn = Array(repeating: false, count: count) }

    func contains(_ state: Int) -> Bool { isIn[state] }

    mutating func insert(_ state: Int) -> Bool {
      if isIn[state] { return false }
      isIn[state] = true
      list.append(state)
      return true
    }
  }

  private func follow(_ first: Int, at place: Int, of count: Int, _ states: inout States) {
    var open = [first]
    while let state = open.popLast() {
      guard states.insert(state) else { continue }
      switch step(state) {
      case .either(let a, let b): open += [a, b]
      case .go(let target): open.append(target)
      case .atStart where place == 0: open.append(state + 1)
      case .atEnd where place == count: open.append(state + 1)
      case .take, .atStart, .atEnd, nil: break
      }
    }
  }
}

// MARK: - Writing the steps

extension NamePattern {
  /// - Returns: Whether the steps stay within the limit.
  private static func add(_ node: NamePatternNode, to steps: inout [Step]) -> Bool {
    guard steps.count < stepLimit else { return false }
    switch node {
    case .one(let set): steps.append(.take(set))
    case .start: steps.append(.atStart)
    case .end: steps.append(.atEnd)
    case .sequence(let nodes): return nodes.allSatisfy { add($0, to: &steps) }
    case .choice(let a, let b):
      let fork = steps.count
      steps.append(.either(fork + 1, 0))
      guard add(a, to: &steps) else { return false }
      let jump = steps.count
      steps.append(.go(0))
      steps[fork] = .either(fork + 1, steps.count)
      guard add(b, to: &steps) else { return false }
      steps[jump] = .go(steps.count)
    case .repeated(let node, let min, let max):
      for _ in 0..<min { guard add(node, to: &steps) else { return false } }
      guard let max else { return addLoop(of: node, to: &steps) }
      for _ in min..<max { guard addOption(of: node, to: &steps) else { return false } }
    }
    return true
  }

  /// Adds a loop that matches the node any number of times.
  private static func addLoop(of node: NamePatternNode, to steps: inout [Step]) -> Bool {
    let fork = steps.count
    steps.append(.either(fork + 1, 0))
    guard add(node, to: &steps) else { return false }
    steps.append(.go(fork))
    steps[fork] = .either(fork + 1, steps.count)
    return true
  }

  /// Adds an option that matches the node once or not at all.
  private static func addOption(of node: NamePatternNode, to steps: inout [Step]) -> Bool {
    let fork = steps.count
    steps.append(.either(fork + 1, 0))
    guard add(node, to: &steps) else { return false }
    steps[fork] = .either(fork + 1, steps.count)
    return true
  }
}
