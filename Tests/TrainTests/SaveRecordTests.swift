import Foundation
import TestSupport
import Testing

@testable import Train

/// `--save-last-n-…` removes what the run has written, or the run that it goes on from.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct SaveRecordTests {
  private static let options = [
    "--network-train-unet-only", "--save-every-n-steps", "1", "--save-last-n-steps", "1",
    "--save-state",
  ]

  private func saves(_ run: TinyRun) throws -> [String] {
    try run.folder.names().filter { $0.hasPrefix("a-step") }
  }

  private func train(_ run: TinyRun, steps: Int, _ more: [String] = []) throws {
    let outcome = try TrainingSession(run.job(steps: steps, Self.options + more), quiet: true).run()
    #expect(outcome.isFinished)
  }

  private static let lastTwo = [3, 4].flatMap {
    ["a-step0000000\($0)-state", "a-step0000000\($0).st"]
  }

  @Test func ownSavesGo() throws {
    let run = try TinyRun()
    try train(run, steps: 4)
    #expect(try saves(run) == Self.lastTwo)
  }

  @Test func savesOfTheResumedRunGoToo() throws {
    let run = try TinyRun()
    try train(run, steps: 2)
    try train(run, steps: 4, ["--resume", run.folder["a-step00000002-state"]])
    #expect(try saves(run) == Self.lastTwo)
  }

  /// Names alone do not make a save the run's own.
  @Test func savesOfAnotherRunStay() throws {
    let run = try TinyRun()
    try train(run, steps: 2)
    let others = try saves(run)
    try train(run, steps: 4, ["--initial-step", "2"])
    #expect(try saves(run) == others + Self.lastTwo)
  }

  /// A state's folder goes with its two files; what else lies in it stays.
  @Test func notesInAStateStay() throws {
    let run = try TinyRun()
    try train(run, steps: 2)
    try run.folder.write("mine".utf8, to: "a-step00000001-state/notes.txt")
    try train(run, steps: 4, ["--resume", run.folder["a-step00000002-state"]])
    #expect(try saves(run) == ["a-step00000001-state"] + Self.lastTwo)
    let left = try FileManager.default.contentsOfDirectory(
      atPath: run.folder["a-step00000001-state"])
    #expect(left == ["notes.txt"])
  }
}
