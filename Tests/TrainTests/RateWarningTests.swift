import TestSupport
import Testing

@testable import Train

/// A learning rate with which one picture would take hundreds of times the steps.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct RateWarningTests {
  static let rates: [(options: [String], warning: String?)] = [
    (
      [],
      "--learning-rate 2e-06 is some 500 times too low to learn a picture by heart; give --learning-rate 0.001"
    ),
    (
      ["--learning-rate", "0.001", "--unet-lr", "0.00001"],
      "--unet-lr 1e-05 is some 100 times too low to learn a picture by heart; give --unet-lr 0.001"
    ),
    (
      ["--optimizer-type", "Lion", "--learning-rate", "0.000001"],
      "--learning-rate 1e-06 is some 100 times too low to learn a picture by heart; give --learning-rate 0.0001"
    ),
    (["--optimizer-type", "Lion", "--learning-rate", "0.0001"], nil),
    (["--learning-rate", "0.0001"], nil), (["--optimizer-type", "Prodigy"], nil),
  ]

  @Test(arguments: rates)
  func lowRatesAreNamed(_ example: (options: [String], warning: String?)) throws {
    let warnings = try TinyRun().job(steps: 1, example.options).warnings
    #expect(warnings.filter { $0.contains("too low") } == (example.warning.map { [$0] } ?? []))
  }
}
