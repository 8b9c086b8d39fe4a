import ArgumentParser
import Diffusion
import Files
import Foundation
import Safetensors
import TestSupport
import Testing

@testable import Train

@Suite struct StateFolderTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func state(step: Int, _ arguments: [String] = []) throws -> TrainingState {
    let options = try TrainingOptions.parse(["-o", "x", "--seed", "3"] + arguments)
    let plan = try TrainingPlan(
      options,
      layout: .stableDiffusion, prediction: .noise, batchesPerEpoch: 50, randomSeed: 9)
    return TrainingState(step: step, updates: step, plan: plan)
  }

  private func write(_ name: String, step: Int, weight: Float, _ arguments: [String] = []) throws {
    try StateFolder(path: folder[name]).write(
      state(step: step, arguments), weights: [weight, 2], tensors: [(name: "m", values: [3])])
  }

  private func read(_ name: String) throws -> [Float] {
    let state = StateFolder(path: folder[name])
    let (weights, memory) = try state.tensors(
      of: state.state(), weightCount: 2, counts: [("m", 1)])
    #expect(memory == [[3]])
    return weights
  }

  @Test func whatIsWrittenIsRead() throws {
    try write("s", step: 1, weight: 1)
    #expect(try read("s") == [1, 2])
    #expect(try folder.names() == ["s"])
    let names = try FileManager.default.contentsOfDirectory(atPath: folder["s"]).sorted()
    #expect(names == ["state.json", "state.safetensors"])
  }

  @Test func anotherStateTakesItsPlaceWhole() throws {
    try write("s", step: 1, weight: 1)
    try folder.write([7], to: "s/notes")
    try write("s", step: 2, weight: 5)
    #expect(try read("s") == [5, 2])
    #expect(try folder.bytes("s/notes") == [7])
    #expect(try folder.names() == ["s"])
  }

  /// Of one step, and of other settings, weights or both.
  @Test(
    arguments: [
      (weight: Float(1), arguments: ["--learning-rate", "0.01"]), (weight: 5, arguments: []),
      (weight: 5, arguments: ["--learning-rate", "0.01"]),
    ] as [(weight: Float, arguments: [String])])
  func aMixtureIsRefused(weight: Float, arguments: [String]) throws {
    try write("s", step: 1, weight: 1)
    try write("t", step: 1, weight: weight, arguments)
    for file in ["state.json", "state.safetensors"] {
      try makeFolder(folder["mixed"])
      for name in ["state.json", "state.safetensors"] {
        try folder.write(folder.bytes((name == file ? "t/" : "s/") + name), to: "mixed/" + name)
      }
      let error = #expect(throws: TrainingError.self) { try read("mixed") }
      #expect(
        "\(error as Any)".contains(
          "its two files do not belong together, or one was altered; use another state"))
    }
  }

  /// A number of the weights, the step in both files, a setting, a hash taken out.
  @Test func whatWasAlteredIsRefused() throws {
    try write("s", step: 1, weight: 1)
    let tensors = try folder.bytes("s/state.safetensors")
    try folder.write(
      tensors.dropLast() + [tensors[tensors.count - 1] ^ 1], to: "s/state.safetensors")
    #expect(throws: TrainingError.self) { try read("s") }
    try folder.write(tensors, to: "s/state.safetensors")
    #expect(try read("s") == [1, 2])
    let text = String(decoding: try folder.bytes("s/state.json"), as: UTF8.self)
    let hash = try #require(text.split(separator: "\n").first { $0.contains("tensors_sha256") })
    for altered in [
      text.replacing("\"3\"", with: "\"4\""), text.replacing("\"seed\" : 3", with: "\"seed\" : 4"),
      text.replacing(hash + "\n", with: "").replacing(": 1,\n  \"v", with: ": 1,\n  \"v"),
    ] where altered != text {
      try folder.write(altered.utf8, to: "s/state.json")
      #expect(throws: TrainingError.self, "\(altered)") { try read("s") }
    }
    try folder.write(text.utf8, to: "s/state.json")
    #expect(try read("s") == [1, 2])
  }

  /// As programs wrote it that had no hashes.
  @Test func aStateWithoutHashesIsRead() throws {
    try makeFolder(folder["old"])
    try NumbersFile.write(
      [("weights", [1, 2]), ("optimizer.m", [3])], metadata: Metadata(["step": "1"]),
      to: OutputFile(path: folder["old/state.safetensors"]))
    let json = try JSONEncoder().encode(state(step: 1))
    #expect(!String(decoding: json, as: UTF8.self).contains("sha256"))
    try folder.write(json, to: "old/state.json")
    #expect(try read("old") == [1, 2])
  }

  @Test func aRemovedStateIsGoneButNotWhatIsNotOurs() throws {
    try write("s", step: 1, weight: 1)
    try StateFolder(path: folder["s"]).remove()
    #expect(try folder.names().isEmpty)
    try write("s", step: 1, weight: 1)
    try folder.write([7], to: "s/notes")
    try StateFolder(path: folder["s"]).remove()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder["s"]) == ["notes"])
  }
}
