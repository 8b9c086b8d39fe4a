import Foundation
import TestSupport
import Testing

/// Signals while all threads compute, and while pictures are drawn.
@Suite struct ComputingInterruptionTests {
  private static let side = 3000
  private static let module =
    "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
  private static let weight =
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight"

  /// Commands that compute for seconds with what `writeWide` writes.
  static let computations: [[String]] = [
    ["merge", "a.st", "b.st", "--method", "ties", "--rank", "1", "-o", "old.st"],
    ["merge", "a.st", "b.st", "--method", "svd", "--rank", "1", "-o", "old.st"],
    ["merge", "a.st", "--into", "base.st", "-o", "old.st"],
    ["resize", "a.st", "--rank", "4", "-o", "old.st"],
    ["diff", "a.st", "b.st"],
    ["diff", "tuned.st", "base.st", "--rank", "64", "-o", "old.st"],
  ]

  /// Two adapters and two checkpoints of one layer, so wide that its update takes seconds.
  private func writeWide(_ folder: TemporaryFolder) throws {
    let (side, rank) = (Self.side, 1024)
    let factors = [
      ("\(Self.module).lora_down.weight", [rank, side]),
      ("\(Self.module).lora_up.weight", [side, rank]),
    ]
    for name in ["a.st", "b.st"] { try write(factors, to: folder[name]) }
    for name in ["tuned.st", "base.st"] {
      try write([(Self.weight, [side, side])], to: folder[name], zeros: name == "base.st")
    }
    try folder.write("what was there".utf8, to: "old.st")
  }

  /// Tensors of F32: zeros, or a prime number of values again and again.
  private func write(_ tensors: [(String, [Int])], to path: String, zeros: Bool = false) throws {
    var (entries, end) = ([String](), 0)
    for (name, shape) in tensors {
      let start = end
      end += shape.reduce(4, *)
      entries.append(
        #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(start),\#(end)]}"#)
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    var file = Data(bytes(UInt64(header.count), 8) + header)
    let whole = file.count + end
    if !zeros {
      let values = Data((0..<4093).flatMap { bytes(UInt64(Float(sin(Double($0))).bitPattern), 4) })
      while file.count < whole { file += values.prefix(whole - file.count) }
    }
    try file.write(to: URL(filePath: path))
    try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: UInt64(whole))
  }

  private func bytes(_ number: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  @Test(arguments: computations, InterruptionTests.signals)
  func signalsEndAComputation(_ command: [String], _ end: (signal: Int32, status: Int32)) throws {
    let folder = try TemporaryFolder()
    try writeWide(folder)
    let names = try folder.names()
    let run = try RunningProgram(command, in: folder.path)
    usleep(700_000)
    run.send(end.signal)
    let outcome = run.outcome()
    #expect(outcome.status == end.status, "\(command) \(outcome)")
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
