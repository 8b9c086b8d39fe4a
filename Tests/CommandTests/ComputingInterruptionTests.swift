import Foundation
import TestSupport
import Testing

/// Signals while all threads compute, and while pictures are drawn.
@Suite struct ComputingInterruptionTests {
  /// An adapter of one layer, so wide that its whole update takes seconds to sort.
  private func wide(_ folder: TemporaryFolder) throws -> [String] {
    let side = 6000
    let name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    let half = side * 4
    let header =
      #"{"\#(name).lora_down.weight":{"dtype":"F32","shape":[1,\#(side)],"data_offsets":[0,\#(half)]},"#
      + #""\#(name).lora_up.weight":{"dtype":"F32","shape":[\#(side),1],"data_offsets":[\#(half),\#(2 * half)]}}"#
    let length = bytes(UInt64(header.utf8.count), 8)
    let numbers = (0..<2 * side).flatMap { bytes(UInt64(Float(sin(Double($0))).bitPattern), 4) }
    return try ["a.st", "b.st"].map { try folder.write(length + header.utf8 + numbers, to: $0) }
  }

  private func bytes(_ number: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  @Test(arguments: InterruptionTests.signals)
  func signalsEndAComputation(_ signal: Int32, _ status: Int32) throws {
    let folder = try TemporaryFolder()
    let files = try wide(folder)
    try folder.write("what was there".utf8, to: "old.st")
    let names = try folder.names()
    let run = try RunningProgram(
      ["merge"] + files + ["--method", "ties", "--rank", "1", "-o", "old.st"], in: folder.path)
    usleep(400_000)
    run.send(signal)
    #expect(run.outcome().status == status)
    #expect(run.errors.isEmpty, "\(run.errors)")
    #expect(try folder.names() == names)
    #expect(try folder.bytes("old.st") == Array("what was there".utf8))
  }

  private func sample(_ more: [String]) -> [String] {
    let size = ["--width", "64", "--height", "64", "--steps", "20", "-o", "grid.png"]
    return ["sample"] + InterruptionTests.model + size + more
  }

  /// Twelve pictures of about a second; the first line of progress comes after five.
  @Test(arguments: InterruptionTests.signals)
  func gridSavesThePicturesThatAreThere(_ signal: Int32, _ status: Int32) throws {
    let folder = try TemporaryFolder()
    try folder.write("a whole grid".utf8, to: "grid.png")
    try folder.write("another part".utf8, to: "grid-partial.png")
    let run = try RunningProgram(
      sample(["--seed", (1...24).map(String.init).joined(separator: ",")]), in: folder.path)
    #expect(run.wait { run.errors.contains("drawing") })
    run.send(signal)
    let outcome = run.outcome()
    #expect(outcome.status == status)
    #expect(
      outcome.errors.contains(/stopped with \d+ of 24 pictures drawn; grid-partial-2.png has them/),
      "\(outcome.errors)")
    #expect(try folder.names() == ["grid-partial-2.png", "grid-partial.png", "grid.png"])
    #expect(try folder.bytes("grid.png") == Array("a whole grid".utf8))
    let inspected = try folder.bytes("grid-partial-2.png")
    #expect(inspected.starts(with: [0x89, 0x50, 0x4E, 0x47]))
  }

  @Test func onePictureEndsAtOnce() throws {
    let folder = try TemporaryFolder()
    try folder.write("a whole picture".utf8, to: "grid.png")
    let run = try RunningProgram(sample(["--steps", "1000"]), in: folder.path)
    usleep(500_000)
    run.send(SIGTERM)
    #expect(run.outcome().status == 143)
    #expect(run.errors.isEmpty, "\(run.errors)")
    #expect(try folder.names() == ["grid.png"])
  }
}
