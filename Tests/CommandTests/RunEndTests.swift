import Foundation
import TestSupport
import Testing

/// What train and slider say when they are done, and what slider refuses.
@Suite struct RunEndTests {
  private static let options =
    InterruptionTests.model + [
      "--resolution", "16", "--seed", "1", "--learning-rate", "0.01",
    ]

  private func run(_ folder: TemporaryFolder, _ arguments: [String]) throws -> Program.Outcome {
    try Program.run(
      script: "cd \"$1\"; shift; exec \"$LORA\" \"$@\"", [folder.path] + arguments)
  }

  private static let pair = [
    "--before", Fixtures.path("paperdoll/small-head.png"), "--after",
    Fixtures.path("paperdoll/big-head.png"),
  ]

  @Test func trainSaysWhatItMade() throws {
    struct Report: Decodable {
      struct Result: Decodable {
        let file: String
        let bytes: Int
        let modelHash: String
        let modules: Int
        let steps: Int
        let finalLoss: Double
        let seconds: Double

        enum CodingKeys: String, CodingKey {
          case file
          case bytes
          case modelHash = "sshs_model_hash"
          case modules
          case steps
          case finalLoss = "final_loss"
          case seconds
        }
      }
      let steps: Int
      let result: Result
    }
    let folder = try TemporaryFolder()
    let outcome = try run(
      folder,
      ["train"] + Self.options + [
        "--image", Fixtures.path("paperdoll/small-head.png"), "--max-train-steps", "3", "--json",
        "--log", "log", "-o", "my own.st",
      ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)).result
    #expect(report.file == "my own.st" && report.modules == 54 && report.steps == 3)
    #expect(try report.bytes == folder.bytes("my own.st").count)
    let hashes = try run(folder, ["inspect", "my own.st", "--json"]).output
    #expect(hashes.contains(#""sshs_model_hash" : "\#(report.modelHash)""#))
    struct Step: Decodable {
      let averageLoss: Double

      enum CodingKeys: String, CodingKey { case averageLoss = "average_loss" }
    }
    let last = try #require(folder.bytes("log").split(separator: 10).last)
    #expect(
      try JSONDecoder().decode(Step.self, from: Data(last)).averageLoss == report.finalLoss)
    #expect(
      outcome.errors.contains(
        #/lora: my own\.st: 54 modules, [0-9.]+ kB, loss [0-9.]+ after 3 steps,/#))
    #expect(outcome.errors.contains("to draw with it: lora sample --model "))
    #expect(outcome.errors.contains("--lora 'my own.st:1'"))
  }

  @Test func quietRunsSayNothing() throws {
    let folder = try TemporaryFolder()
    let image = ["--image", Fixtures.path("paperdoll/small-head.png"), "-q"]
    let outcome = try run(
      folder, ["train"] + Self.options + image + ["--max-train-steps", "1", "-o", "a.st"])
    #expect(outcome.output.isEmpty && outcome.errors.isEmpty, "\(outcome.errors)")
    let drawn = try run(
      folder,
      ["sample"] + InterruptionTests.model
        + ["--width", "64", "--height", "64", "--steps", "1", "-q", "-o", "a.png"])
    #expect(drawn.output.isEmpty && drawn.errors.isEmpty, "\(drawn.errors)")
  }

  /// The log holds both copies, each under its name.
  @Test func sliderLogsBothCopies() throws {
    let folder = try TemporaryFolder()
    let outcome = try run(
      folder,
      ["slider"] + Self.options + Self.pair
        + [
          "--method", "difference", "--no-check", "--max-train-steps", "200", "--log", "log", "-o",
          "s.st",
        ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    struct Step: Decodable {
      let copy: String
      let step: Int
    }
    let steps = try folder.bytes("log").split(separator: 10).map {
      try JSONDecoder().decode(Step.self, from: Data($0))
    }
    #expect(steps.map(\.copy) == (0..<400).map { $0 < 200 ? "before" : "after" })
    #expect(steps.map(\.step) == Array(1...200) + Array(1...200))
    #expect(
      outcome.errors.contains(/lora: s\.st: 48 modules, rank 8, [0-9.]+ kB, copies .* of the way/))
    #expect(outcome.errors.contains("--lora s.st:-2..2/9"))
  }

  /// With a model and two pictures alone, a slider is made, calibrated, measured and described.
  @Test func sliderNeedsNothingButPictures() throws {
    struct Report: Decodable {
      struct Figures: Decodable {
        struct Change: Decodable {
          let weight: Double
          let inside: Double
          let outside: Double
        }
        let method: String
        let changes: [Change]
      }
      let method: String
      let seed: Int
      let figures: Figures
    }
    let folder = try TemporaryFolder()
    let outcome = try run(
      folder,
      ["slider"] + InterruptionTests.model + Self.pair + [
        "--resolution", "16", "--max-train-steps", "2", "--still-pictures", "1", "--json", "-o",
        "s.safetensors",
      ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.method == "direct" && report.seed == 1)
    #expect(report.figures.changes.map(\.weight) == [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2])
    #expect(report.figures.changes[4].inside == 0 && report.figures.changes[4].outside == 0)
    #expect(outcome.errors.contains("mean difference from weight 0 inside the change"))
    #expect(try folder.names() == ["s.safetensors"])
    let shown = try run(folder, ["inspect", "s.safetensors"])
    #expect(shown.output.contains("slider (direct)"), "\(shown.output)")
    let again = try run(
      folder,
      ["slider"] + InterruptionTests.model + Self.pair + [
        "--resolution", "16", "--max-train-steps", "2", "--still-pictures", "1", "-q", "-o",
        "t.safetensors",
      ])
    #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
    #expect(
      try folder.bytes("s.safetensors").suffix(1000) == folder.bytes("t.safetensors").suffix(1000))
  }

  @Test func settingsThatPairsDoNotReadAreNamed() throws {
    let folder = try TemporaryFolder()
    let outcome = try run(
      folder,
      ["slider"] + Self.options + Self.pair
        + ["--flip-aug", "--caption-prefix", "x", "--dry-run", "-o", "s.st"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.errors.contains("with --method direct --caption-prefix, --flip-aug do nothing"))
  }

  /// A first copy that has not moved makes hours of a second one vain.
  @Test func copyThatHasNotMovedEndsTheRun() throws {
    let folder = try TemporaryFolder()
    let outcome = try run(
      folder,
      ["slider"] + Self.options + Self.pair
        + [
          "--method", "difference", "--max-train-steps", "1", "--learning-rate", "1e-6", "-o",
          "s.st",
        ])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("is some 1000 times too low"))
    #expect(outcome.errors.contains("give --learning-rate 0.001"))
    #expect(outcome.errors.contains("the second copy was not begun"))
    #expect(!outcome.errors.contains("lora: after:"))
    let left = try #require(folder.names().first)
    #expect(left.hasPrefix("s-copies-"))
    #expect(outcome.errors.contains("small-head.png is kept as \(left)/before.st"))
  }

  @Test(arguments: [
    (["--before", "x.png"], "--before was given 2 times, --after 1 time"),
    (["--pair", "x.png"], "--pair takes two pictures, and 1 is given"),
    (
      ["--method", "difference", "--pair", "x.png", "y.png"],
      "--method difference takes one pair, and 2 are given"
    ),
    (
      ["--method", "merged", "--resume", "a-state"],
      "lora slider cannot go on from a state, but lora train can"
    ),
    (["--keep-copies"], "--keep-copies belongs to --method difference and merged"),
    (["--method", "merged", "--stillness", "1"], "belong to --method direct"),
    (["--method", "difference", "--layers", "all"], "belong to --method direct"),
    (["--method", "difference", "--variations", "2"], "belong to --method direct"),
    (["--method", "difference", "--vary-mirror"], "belong to --method direct"),
    (["--method", "merged", "--caption", "x"], "captions of pairs belong to --method direct"),
    (["--network-train-text-encoder-only"], "--method direct trains the U-Net"),
    (["--html", "p.html", "--no-check"], "--html shows the pictures of the check"),
    (["--output-config"], "--output-config belongs to lora train"),
  ])
  func whatSliderCannotDoIsRefused(_ more: [String], _ sentence: String) throws {
    let folder = try TemporaryFolder()
    let outcome = try run(
      folder, ["slider"] + Self.options + Self.pair + ["-o", "s.st"] + more)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(try folder.names().isEmpty)
  }
}
