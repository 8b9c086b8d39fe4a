/// A number of steps, or a share of all steps.
enum StepCount: Hashable {
  case steps(Int)
  case share(Double)

  /// The steps of a run of `total`; a share is rounded down.
  func steps(of total: Int) -> Int {
    switch self {
    case .steps(let count): count
    case .share(let share): Int(share * Double(total))
    }
  }

  /// Reads `100`, `0.1` (a share, being less than 1) and `10%`.
  init?(argument: String) {
    if argument.hasSuffix("%"), let percent = Double(argument.dropLast()) {
      self = .share(percent / 100)
    } else if let count = Int(argument) {
      self = .steps(count)
    } else if let number = Double(argument), let whole = Int(exactly: number.rounded(.down)) {
      self = number < 1 ? .share(number) : .steps(whole)
    } else {
      return nil
    }
    switch self {
    case .steps(let count): guard (0...10_000_000).contains(count) else { return nil }
    case .share(let share): guard (0...1).contains(share) else { return nil }
    }
  }
}

extension StepCount: CustomStringConvertible {
  var description: String {
    switch self {
    case .steps(let count): "\(count)"
    case .share(let share): "\(share)"
    }
  }
}
