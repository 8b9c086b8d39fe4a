import Diffusion
import Testing

@testable import Train

@Suite struct SamplePromptsTests {
  static let lines: [(line: String, prompt: SamplePrompt)] = [
    ("a girl", SamplePrompt(prompt: "a girl")),
    (
      "a girl --w 496 --h 128 --d 7 --s 20 --l 3.5 --n bad, ugly --ss k_euler_a",
      SamplePrompt(
        prompt: "a girl", negativePrompt: "bad, ugly", width: 496, height: 128, steps: 20,
        scale: 3.5, seed: 7, sampler: .eulerAncestral)
    ),
    ("--d 1 --W 64", SamplePrompt(width: 64, seed: 1)),
    ("s 20 things", SamplePrompt(prompt: "s 20 things")),
  ]

  @Test(arguments: lines)
  func lineIsRead(_ example: (line: String, prompt: SamplePrompt)) throws {
    #expect(try Self.read("# comment\n\n\(example.line)\n", "p.txt") == [example.prompt])
  }

  @Test func jsonIsRead() throws {
    let text =
      #"["a --s 5", {"prompt": "", "seed": 3, "scale": 2, "sample_sampler": "dpmsolver++"}]"#
    #expect(
      try Self.read(text, "p.json") == [
        SamplePrompt(prompt: "a", steps: 5), SamplePrompt(scale: 2, seed: 3, sampler: .dpmSolver2M),
      ])
  }

  @Test func tomlIsRead() throws {
    let text =
      "[prompt]\nwidth = 128\nheight = 128\n[[prompt.subset]]\nprompt = \"a\"\n[[prompt.subset]]\nseed = 2\nwidth = 256\n"
    #expect(
      try Self.read(text, "p.toml") == [
        SamplePrompt(prompt: "a", width: 128, height: 128),
        SamplePrompt(width: 256, height: 128, seed: 2),
      ])
  }

  @Test(arguments: [
    ("a --q 1", "p.txt:1: '--q' is no setting of a picture; known are w h d s l n ss"),
    ("a --s 0", "p.txt:1: sample_steps takes a whole number from 1 to 1000, not 0"),
    (
      "a --ss heun",
      "p.txt:1: sample_sampler takes ddim, euler, euler_a or dpmsolver++, not 'heun'"
    ),
    ("a --l inf", "p.txt:1: scale takes a number from 0 to 1000, not inf"),
    (
      "a --w 100", "p.txt:1: width takes a multiple of 8 from 8 to 16384, not 100; give 96 or 104"
    ),
    ("a --h 0", "p.txt:1: height takes a whole number from 8 to 16384, not 0"),
    ("a --h -8", "p.txt:1: height takes a whole number from 8 to 16384, not -8"),
    ("a --w 2147483648", "p.txt:1: width takes a whole number from 8 to 16384, not 2147483648"),
    ("a --d -1", "p.txt:1: seed takes a whole number from 0 to 4294967295, not -1"),
  ])
  func badLineIsRefused(_ line: String, _ message: String) {
    let error = #expect(throws: OptionsError.self) { try Self.read(line, "p.txt") }
    #expect(error?.description == message)
  }

  @Test(arguments: [
    ("a.st", "a.st", [1.0]), ("a.st:0.5", "a.st", [0.5]), ("a.st:-1", "a.st", [-1]),
    ("a.st:-2..2/5", "a.st", [-2, -1, 0, 1, 2]), ("a:b.st:1..0/3", "a:b.st", [1, 0.5, 0]),
    ("there:0.5", "there:0.5", [1]), ("a.st:0.3..0.3/1", "a.st", [0.3]),
  ])
  func weightIsRead(_ text: String, _ path: String, _ weights: [Double]) throws {
    let file = try WeightedFile(text) { $0 == "there:0.5" }
    #expect(file.path == path)
    #expect(file.weights == weights)
  }

  static let windows: [(text: String, path: String, weights: [Double], window: String?)] = [
    ("a.st:0.5@0.2-0.8", "a.st", [0.5], "0.2-0.8"), ("a.st:1@5", "a.st", [1], "5-1"),
    ("a.st:-2..2/3@5-20", "a.st", [-2, 0, 2], "5-20"), ("a@b.st:1", "a@b.st", [1], nil),
    ("a@0-1.st", "a@0-1.st", [1], nil), ("a:b@c.st:1@0.1-1", "a:b@c.st", [1], "0.1-1"),
    ("there:1@0-0.5", "there:1@0-0.5", [1], nil),
  ]

  @Test(arguments: windows)
  func stepsAreRead(
    _ example: (text: String, path: String, weights: [Double], window: String?)
  ) throws {
    let file = try WeightedFile(example.text) { $0 == "there:1@0-0.5" }
    #expect(file.path == example.path && file.weights == example.weights)
    #expect(file.window?.description == example.window)
  }

  @Test(arguments: [
    ("a.st:1@", "'' are no steps"), ("a.st:1@x", "'x' are no steps"),
    ("a.st:1@0.2-", "'0.2-' are no steps"), ("a.st:1@-0.2", "'-0.2' are no steps"),
    ("a.st:1@0.2-0.4-0.6", "are no steps"), ("a.st:1@1.5", "'1.5' are no steps"),
    ("a.st:1@0-1001", "are no steps"), ("a.st:1@nan", "are no steps"),
    ("a.st:0@0,1@0.5", "are no steps"), ("a:b@c.st", "'b@c.st' is no weight"),
    ("a.st:@0.2-0.4", "'@0.2-0.4' is no weight"),
  ])
  func badStepsAreRefused(_ text: String, _ part: String) {
    let error = #expect(throws: OptionsError.self) { try WeightedFile(text) { _ in false } }
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    "a.st:", "a.st:x", "a.st:1..2", "a.st:1..2/0", "a.st:nan", "a.st:1e308", "a.st:-2..2/1",
  ])
  func badWeightIsRefused(_ text: String) {
    #expect(throws: OptionsError.self) { try WeightedFile(text) { _ in false } }
  }

  @Test func middleOfASymmetricRangeIsZero() {
    #expect(WeightedFile.weights("-0.7..0.7/9")?[4] == 0)
  }

  private static func read(_ text: String, _ file: String) throws -> [SamplePrompt] {
    try SamplePrompts.read(Array(text.utf8), file: file, standard: SamplePrompt())
  }
}
