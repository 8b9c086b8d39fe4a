import Foundation
import TestSupport
import Testing

@testable import Merge

/// The list of merge methods holds what its folder defines, and the help names all of them.
@Suite struct MergeListTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Sources/Merge/Methods")

  @Test func everyMethodIsListed() throws {
    let files = try FileManager.default.contentsOfDirectory(
      at: Self.folder, includingPropertiesForKeys: nil)
    let defined = try files.flatMap { file in
      try String(contentsOf: file, encoding: .utf8)
        .matches(of: /struct (\w+): (?:Merge|Elementwise|DELLA|Factored)Method \{/)
        .map { "\(file.deletingPathExtension().lastPathComponent): \($0.output.1)" }
    }
    #expect(defined.count == files.count)
    #expect(Set(defined) == Set(mergeMethods.map { "\($0): \($0)" }))
    #expect(Set(mergeMethods.map { $0.name }).count == mergeMethods.count)
  }

  @Test func helpNamesEveryMethod() throws {
    let help = try Program.run("merge", "--help").output
    for method in mergeMethods { #expect(help.contains(method.name), "\(method.name)") }
  }

  static let refused: [(options: String, sentence: String)] = [
    ("a.st b.st c.st --method slerp", "--method slerp takes two files, not 3."),
    ("a.st --method slerp", "--method slerp takes two files, not 1."),
    ("a.st b.st --t 0.5", "--t has no meaning for --method concat."),
    ("a.st b.st --method tsv-m --space core", "--space has no meaning for --method tsv-m."),
    ("a.st b.st --method knots --seed 1", "--seed has no meaning for --method knots."),
    ("a.st b.st --method ties --epsilon 0.1", "--epsilon has no meaning for --method ties."),
    ("a.st b.st --method ties", "--method ties needs --rank N, or a rule of --sv-…."),
    ("a.st b.st --method iso-c --compat sd-scripts", "sd-scripts has no method iso-c."),
    (
      "a.st b.st --method della --density 0.9 --space core",
      "--method della keeps elements with probabilities from density − epsilon to density + epsilon: 0.9 ± 0.15 is not between 0 and 1."
    ),
    ("a.st b.st --average --ema 0.9", "--average, --ema and --ema-sigma-rel exclude each other."),
    (
      "a.st:2 b.st --ema 0.9", "--ema gives each file its weight: leave those behind the files out."
    ),
    ("a.st --ema 0.9", "--ema goes with two files or more."),
    ("a.st:1 b.st:-1 --average", "--average divides by the sum of the weights, which is 0."),
    ("a.st b.st --energy-floor 0.5", "--energy-floor goes with --limit-energy."),
    (
      "a.st b.st --method tsv-m --limit-energy",
      "--average, --ema, --limit-energy and --block-limit weigh the files of a sum: they go with --method concat, svd and linear, not tsv-m."
    ),
    (
      "a.st b.st --compat sd-scripts --average",
      "--compat sd-scripts takes weights as they are: leave --average, --ema and limits out."
    ),
    ("a.st b.st --ema 1", "--ema takes a number from 0 to below 1, not 1"),
    ("a.st b.st --method slerp --t 1.5", "--t takes a number from 0 to 1, not 1.5"),
    ("a.st b.st --method ties --space small", "--space takes full or core, not 'small'"),
    (
      "a.st --method slerp --into m.st",
      "--into adds the exact sum: --method, --rank, --mix, --compat do not go with it."
    ),
  ]

  @Test(arguments: refused)
  func isRefused(_ known: (options: String, sentence: String)) throws {
    let outcome = try Program.run(
      ["merge"] + known.options.split(separator: " ").map(String.init) + ["-o", "x.st"])
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(known.sentence), "\(outcome.errors)")
  }
}
