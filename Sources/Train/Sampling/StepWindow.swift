import CommandSupport
import Datasets

/// A place among the steps of a sampler.
///
/// Numbers up to 1 are shares, as in ComfyUI's `start_percent` and the weights of A1111's loractl;
/// greater ones are steps, as in loractl and lora-block-weight.
enum StepMark: Hashable {
  /// Behind this share of the steps, 0…1, to the nearest step.
  case share(Double)

  /// Behind so many steps.
  case step(Int)

  /// How many of some steps lie before it.
  func stepsBefore(of count: Int) -> Int {
    switch self {
    case .share(let share): Int((share * Double(count)).rounded())
    case .step(let number): min(number, count)
    }
  }
}

extension StepMark: CustomStringConvertible {
  init?(_ text: String) {
    if let share = Domain<Double>.share.read(text) {
      self = .share(share)
    } else if let step = Domain<Int>.samplerSteps.read(text) {
      self = .step(step)
    } else {
      return nil
    }
  }

  var description: String {
    switch self {
    case .share(let share): PythonText.short(share)
    case .step(let number): "\(number)"
    }
  }
}

/// The steps of a sampler in which an adapter is on: those behind `start` and before `end`.
struct StepWindow: Hashable {
  var start = StepMark.share(0)
  var end = StepMark.share(1)

  /// Which of some steps, counted from 0.
  func steps(of count: Int) -> Range<Int> {
    let first = start.stepsBefore(of: count)
    return first..<max(first, end.stepsBefore(of: count))
  }

  /// The parts of some steps in which none of several windows begins or ends, in order.
  static func parts(of windows: [StepWindow], steps count: Int) -> [Range<Int>] {
    let ranges = windows.map { $0.steps(of: count) }
    let ends = Set(ranges.flatMap { [$0.lowerBound, $0.upperBound] } + [0, count]).sorted()
    return zip(ends, ends.dropFirst()).map { $0..<$1 }
  }
}

extension StepWindow: CustomStringConvertible {
  /// Reads `FROM-TO`, or `FROM` for all steps from there.
  init?(_ text: some StringProtocol) {
    let marks = text.split(separator: "-", omittingEmptySubsequences: false)
      .map { StepMark(String($0)) }
    guard marks.count <= 2, let first = marks.first, let start = first else { return nil }
    self.start = start
    guard marks.count == 2 else { return }
    guard let end = marks[1] else { return nil }
    self.end = end
  }

  var description: String { "\(start)-\(end)" }
}

/// Where adapters begin, of one picture or of several: `5`, `0.3`, `0,0.2,0.4`.
struct StepMarkList: Hashable {
  let marks: [StepMark]
}

extension StepMarkList: CustomStringConvertible {
  init?(_ text: String) {
    let marks = text.split(separator: ",", omittingEmptySubsequences: false)
      .map { StepMark(trimmed($0)) }
    self.marks = marks.compactMap(\.self)
    guard self.marks.count == marks.count, marks.count <= 1000 else { return nil }
  }

  var description: String { marks.map(\.description).joined(separator: ",") }
}
