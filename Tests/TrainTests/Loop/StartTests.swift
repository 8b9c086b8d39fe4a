import Foundation
import TestSupport
import Testing

@testable import Train

/// `--initial-step`, `--initial-epoch` and `--resume`.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct StartTests {
  static let options = [
    "--learning-rate", "0.01", "--network-train-unet-only", "--noise-offset", "0.1",
    "--repeats", "2",
  ]

  /// Plain descent has no memory: a run that begins at a step with the weights of that step goes
  /// on as the whole run does.
  @Test(arguments: [["--initial-step", "2"], ["--initial-epoch", "2"]])
  func runGoesOnAtAnyStep(_ start: [String]) throws {
    let run = try TinyRun()
    let descent =
      Self.options + ["--optimizer-type", "SGDNesterov", "--optimizer-args=momentum=0"]
    let whole = try TrainingSession(
      run.job(steps: 6, descent + ["--save-every-n-steps", "2"]), quiet: true)
    #expect(try whole.run().isFinished)
    let job = try run.job(
      steps: 6, descent + start + ["--network-weights", run.folder["a-step00000002.st"]])
    let part = try TrainingSession(job, quiet: true)
    #expect(part.loop.stepsDone == 2)
    #expect(try part.run().isFinished)
    #expect(part.loop.weights == whole.loop.weights)
  }

  /// A schedule begins anew without a state, and goes on with one.
  @Test func scheduleGoesOnWithAState() throws {
    let run = try TinyRun()
    let warmUp =
      Self.options + ["--lr-scheduler", "constant_with_warmup", "--lr-warmup-steps", "4"]
    let anew = try TrainingLoop(run.job(steps: 6, warmUp + ["--initial-step", "3"]))
    #expect(try anew.step().learningRate == 0)
    let begun = try TrainingLoop(run.job(steps: 6, warmUp))
    for _ in 0..<2 { _ = try begun.step() }
    let folder = run.folder["state"]
    try begun.saveState(in: folder)
    let resumed = try TrainingLoop(
      run.job(steps: 6, warmUp + ["--resume", folder, "--initial-step", "4"]))
    #expect(resumed.stepsDone == 4)
    #expect(abs(try resumed.step().learningRate - 0.005) < 1e-9)
    // What it saves holds both numbers.
    try resumed.saveState(in: run.folder["later"])
    let later = try StateFolder(path: run.folder["later"]).state()
    #expect(later.step == 5 && later.updates == 3)
  }

  @Test func resultThatCannotBeWrittenIsFoundBeforeTheFirstStep() throws {
    let run = try TinyRun()
    try FileManager.default.createDirectory(
      atPath: run.folder["a.st"], withIntermediateDirectories: true)
    #expect(throws: (any Error).self) {
      try TrainingSession(run.job(steps: 1, Self.options), quiet: true)
    }
  }
}
