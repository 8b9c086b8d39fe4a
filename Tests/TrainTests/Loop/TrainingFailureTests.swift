import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import Train

/// What goes wrong, as a sentence that says what to do; nothing that was saved is lost.
@Suite(.enabled(if: TinyRun.canRun, "this processor lacks what the program needs"))
struct TrainingFailureTests {
  private func failure(_ run: TinyRun, _ arguments: [String]) -> String {
    do {
      let job = try TrainingJob(
        TrainingOptions.parse(arguments), device: ComputeDevice(threads: 1),
        environment: { _ in nil })
      _ = try TrainingSession(job, quiet: true).run()
      return "nothing"
    } catch {
      return "\(error)".replacing(run.folder.path + "/", with: "")
    }
  }

  @Test func lossThatIsNoNumberKeepsTheLastSave() throws {
    let run = try TinyRun()
    let arguments = try run.arguments(
      steps: 20,
      [
        "--learning-rate", "1e6", "--network-alpha", "1e6", "--save-every-n-steps", "1",
        "--max-grad-norm", "0",
      ])
    let message = failure(run, arguments)
    let step = try #require(message.split(separator: " ").dropFirst(4).first.flatMap { Int($0) })
    #expect(step > 1)
    #expect(
      message
        == "the loss of step \(step) is not a number; nothing was saved from it, the last good save "
        + "is a-step0000000\(step - 1).st; try a lower --learning-rate, and float32 in place of fp16"
    )
    #expect(try run.folder.names().contains("a-step0000000\(step - 1).st"))
    #expect(try run.folder.names().contains("a.st") == false)
  }

  @Test func picturesThatAreNone() throws {
    let run = try TinyRun()
    let whole = try Data(contentsOf: URL(filePath: run.picture()))
    let cut = try run.folder.write(whole.prefix(whole.count / 2), to: "cut.png")
    var arguments = try run.arguments(steps: 1)
    let place = try #require(arguments.firstIndex(of: "--image")) + 1
    arguments[place] = cut
    #expect(failure(run, arguments).hasPrefix("cut.png: "))
    arguments[place - 1] = "--data"
    arguments[place] = run.folder["empty"]
    try FileManager.default.createDirectory(
      atPath: run.folder["empty/5_x"], withIntermediateDirectories: true)
    #expect(failure(run, arguments).contains("empty"))
    #expect(try run.folder.names().contains("a.st") == false)
  }

  @Test func modelsThatLackWhatIsNeeded() throws {
    let run = try TinyRun()
    let model = run.folder["model"]
    try FileManager.default.copyItem(atPath: TinyRun.model, toPath: model)
    try FileManager.default.removeItem(atPath: model + "/vae")
    var arguments = try run.arguments(steps: 1)
    arguments[1] = model
    #expect(
      failure(run, arguments)
        == "model: it has no VAE (folder vae); use a checkpoint with all parts, or a diffusers folder"
    )
  }

  @Test func adapterOfAnotherModel() throws {
    let run = try TinyRun()
    let message = failure(
      run, try run.arguments(steps: 1, ["--network-weights", Fixtures.path("pair/a.safetensors")]))
    #expect(message.contains(": has a layer of [8, 8] for lora_te_"), "\(message)")
    #expect(message.hasSuffix("; take the one that it was trained on"), "\(message)")
  }
}
