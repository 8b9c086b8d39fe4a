import Foundation
import TestSupport
import Testing

/// What a result's verification means: one figure, and exit 1 where an exact operation lost what
/// its element type does not explain.
@Suite struct VerdictTests {
  private static let module = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"
  private static let layer =
    "model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight"

  private func adapter(
    times factor: Double, seed: UInt64 = 1, type: String = "F32"
  ) -> AdapterFile {
    var file = AdapterFile()
    file.add(
      Self.module + ".lora_up.weight", [8, 2], uniform(16, seed: seed).map { $0 * factor },
      type: type)
    file.add(
      Self.module + ".lora_down.weight", [2, 768], uniform(1536, seed: seed &+ 1), type: type)
    file.add(Self.module + ".alpha", [], [2])
    return file
  }

  // MARK: - Adapters

  static let exactCommands = [
    ["merge", "a.st"], ["merge", "a.st:2", "b.st"], ["diff", "a.st", "b.st"],
    ["convert", "a.st", "--to", "diffusers"],
  ]

  /// Two files in a folder, and the arguments of a command with their paths.
  private func arguments(
    _ command: [String], times factor: Double, in folder: TemporaryFolder
  ) throws -> [String] {
    try folder.write(adapter(times: factor).bytes, to: "a.st")
    try folder.write(adapter(times: factor, seed: 9).bytes, to: "b.st")
    return command.map { argument in
      ["a.st", "b.st"].contains { argument.hasPrefix($0) } ? folder[argument] : argument
    }
  }

  /// Of 2e-8 a 16-bit float keeps nothing.
  @Test(arguments: exactCommands) func whatItsTypeCannotHoldIsNotWritten(command: [String]) throws {
    let folder = try TemporaryFolder()
    let arguments =
      try arguments(command, times: 2e-8, in: folder) + ["--dtype", "f16", "-o", folder["o.st"]]
    let refused = try Program.run(arguments)
    #expect(refused.status == 1)
    #expect(refused.errors.split(separator: "\n").count == 1, "\(refused.errors)")
    #expect(
      refused.errors.contains(
        "o.st: not written, because F16 holds only 0.00 % of the change (error 1.0); choose a wider type with --dtype, or accept it with --accept-error"
      ), "\(refused.errors)")
    #expect(try folder.names() == ["a.st", "b.st"])

    let said = try report(arguments + ["--accept-error"])
    #expect(abs(try #require(said["relative_error"] as? Double) - 1) < 1e-9)
    #expect(abs(try #require(said["energy_kept"] as? Double)) < 1e-9)
    #expect(said["verdict"] as? String == "F16 holds only 0.00 % of the change (error 1.0)")
  }

  @Test(arguments: exactCommands) func whatItsTypeHoldsIsExact(command: [String]) throws {
    let folder = try TemporaryFolder()
    let arguments = try arguments(command, times: 1, in: folder) + ["-o", folder["o.st"]]
    #expect(try report(arguments)["relative_error"] as? Double ?? 1 < 1e-7)
    let said = try report(arguments + ["--dtype", "f16"])
    let error = try #require(said["relative_error"] as? Double)
    #expect(error > 1e-5 && error < 0x1p-10)
    #expect(
      (said["verdict"] as? String)?.hasPrefix("exact up to F16 rounding (") == true, "\(said)")
  }

  /// The error that is reported is the one of dense matrices.
  @Test(arguments: ["f16", "bf16"]) func theFigureIsTheError(type: String) throws {
    let folder = try TemporaryFolder()
    let file = adapter(times: 1e-6)
    let path = try folder.write(file.bytes, to: "a.st")
    let said = try report([
      "convert", path, "--to", "kohya", "--dtype", type, "--accept-error", "-o", folder["o.st"],
    ])
    let written = try AdapterFile(bytes: folder.bytes("o.st")).updates
    let (error, norm) = distance(written, file.updates)
    let reported = try #require(said["relative_error"] as? Double)
    #expect(abs(reported - error / norm) <= 1e-6 * error / norm + 1e-9)
    #expect(type == "bf16" ? reported < 0.004 : reported > 0.004)
  }

  /// Rounding explains what rounding does, whatever the size of the numbers.
  @Test(arguments: ["f16", "bf16", "f32"], ["kohya", "diffusers", "mlx"])
  func roundingIsExplained(type: String, naming: String) throws {
    let folder = try TemporaryFolder()
    for (place, factor) in [1e-30, 1e-7, 1e-5, 3e-4, 1, 1e4].enumerated() {
      let file = adapter(times: factor, seed: UInt64(20 + place))
      let path = try folder.write(file.bytes, to: "a.st")
      let said = try report([
        "convert", path, "--to", naming, "--dtype", type, "--accept-error", "-o", folder["o.st"],
      ])
      let verdict = try #require(said["verdict"] as? String)
      #expect(!verdict.contains("more than rounding"), "\(factor): \(verdict)")
    }
  }

  /// One update in two forms: what is left of their difference is rounding, and no failure.
  @Test(arguments: ["f32", "f16"]) func inputsThatCancelAreNoFailure(type: String) throws {
    let folder = try TemporaryFolder()
    let a = adapter(times: 1)
    var b = AdapterFile()
    let (up, down) = (Self.module + ".lora_up.weight", Self.module + ".lora_down.weight")
    b.add(up, [8, 2], try #require(a.values(up)).map { $0 * 0.3 })
    b.add(down, [2, 768], try #require(a.values(down)))
    b.add(Self.module + ".alpha", [], [2 / 0.3])
    let said = try report([
      "merge", try folder.write(a.bytes, to: "a.st"),
      try folder.write(b.bytes, to: "b.st") + ":-1", "--dtype", type, "-o", folder["o.st"],
    ])
    let written = try #require(try AdapterFile(bytes: folder.bytes("o.st")).updates[Self.module])
    let norm = try #require(a.updates[Self.module]).norm
    #expect(written.norm < (type == "f32" ? 1e-6 : 1e-3) * norm)
    let verdict = try #require(said["verdict"] as? String)
    #expect(!verdict.contains("only") && !verdict.contains("exact"), "\(verdict)")
  }

  @Test func whatARankCostsIsNoProof() throws {
    let folder = try TemporaryFolder()
    let file = adapter(times: 1)
    let path = try folder.write(file.bytes, to: "a.st")
    let outcome = try Program.run("resize", path, "--rank", "1", "-o", folder["o.st"])
    #expect(outcome.status == 0)
    let values = try #require(file.updates[Self.module]).singularValues
    let lost = (values[1] * values[1] / (values[0] * values[0] + values[1] * values[1]))
    let said = try report(["resize", path, "--rank", "1", "-o", folder["o.st"]])
    #expect(abs(try #require(said["relative_error"] as? Double) - lost.squareRoot()) < 1e-6)
    #expect(abs(try #require(said["energy_kept"] as? Double) - (1 - lost)) < 1e-6)
    #expect(outcome.errors.contains("rank 1 keeps "), "\(outcome.errors)")
    #expect(outcome.errors.contains(" of the change (error 0."), "\(outcome.errors)")
    #expect(!outcome.errors.contains("verified") && !outcome.errors.contains("exact"))
    #expect(
      try report(["resize", path, "--rank", "5", "-o", folder["o.st"]])["verdict"] as? String
        == "rank 5 keeps all of the change")
  }

  // MARK: - Updates of zero

  static let zeroCommands = [
    ["merge", "a.st"], ["merge", "a.st", "--dtype", "f16"], ["merge", "a.st", "--mix", "1"],
    ["merge", "a.st", "--method", "svd", "--rank", "1"],
    ["merge", "a.st", "a.st:-1", "--method", "svd", "--rank", "1"],
    ["merge", "a.st", "--method", "ties", "--rank", "1"], ["merge", "a.st", "--into", "w.st"],
    ["diff", "a.st", "a.st"], ["diff", "a.st", "a.st", "--rank", "1"],
    ["resize", "a.st", "--rank", "1"], ["resize", "a.st", "--rank", "4"],
    ["resize", "a.st", "--sv-fro", "0.9"], ["convert", "a.st", "--to", "diffusers"],
    ["convert", "a.st", "--to", "peft", "--dtype", "bf16"],
  ]

  @Test(arguments: zeroCommands) func ofNothingNothingIsLost(command: [String]) throws {
    let folder = try TemporaryFolder()
    try folder.write(adapter(times: 0).bytes, to: "a.st")
    var w = AdapterFile()
    w.add(Self.layer, [8, 768], uniform(8 * 768, seed: 4), type: "F16")
    try folder.write(w.bytes, to: "w.st")
    let arguments = command.map { argument in
      ["a.st", "w.st"].contains { argument.hasPrefix($0) } ? folder[argument] : argument
    }
    let said = try report(arguments + ["-o", folder["o.st"]])
    #expect(said["relative_error"] as? Double == 0, "\(said)")
    #expect(said["energy_kept"] as? Double == 1)
    let verdict = try #require(said["verdict"] as? String)
    #expect(verdict == "exact" || verdict.contains("keeps all of the change"), "\(verdict)")
  }

  // MARK: - Checkpoints

  private func bake(
    _ update: Double, into weights: [Double], type: String, _ options: [String] = []
  ) throws -> (outcome: Program.Outcome, folder: TemporaryFolder) {
    let folder = try TemporaryFolder()
    var w = AdapterFile()
    w.add(Self.layer, [8, 768], weights, type: type)
    let arguments = [
      "merge", try folder.write(adapter(times: update).bytes, to: "a.st"), "--into",
      try folder.write(w.bytes, to: "w.st"), "-o", folder["o.st"],
    ]
    return (try Program.run(arguments + options), folder)
  }

  /// What a checkpoint of few bits keeps of an update, against W and Δ as dense matrices.
  @Test(arguments: ["F8_E4M3", "F8_E5M2", "F16", "BF16", "F32"]) func whatABakingKeepsIsSaid(
    type: String
  ) throws {
    let weights = uniform(8 * 768, seed: 4)
    for update in [1e-5, 1e-3, 0.1] {
      let (outcome, folder) = try bake(
        update, into: weights, type: type, ["--accept-error", "--json"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let said = try #require(
        JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
      let before = try #require(try AdapterFile(bytes: folder.bytes("w.st")).matrix(Self.layer))
      let after = try #require(try AdapterFile(bytes: folder.bytes("o.st")).matrix(Self.layer))
      let change = try #require(adapter(times: update).updates[Self.module])
      let error = (after - (before + change)).norm / change.norm
      let reported = try #require(said["relative_error"] as? Double)
      #expect(abs(reported - error) <= 1e-3 * error + 1e-6)
      let verdict = try #require(said["verdict"] as? String)
      #expect(!verdict.contains("more than rounding"), "\(verdict)")
      #expect(verdict.contains("only") == (error > 0.5.squareRoot()), "\(verdict)")
      let strict = try bake(update, into: weights, type: type)
      #expect(strict.outcome.status == (error > 0.5.squareRoot() ? 1 : 0))
      let made = try strict.folder.names().contains("o.st")
      #expect(made == (error <= 0.5.squareRoot()))
    }
  }

  @Test func aLostChangeIsNoSuccess() throws {
    let (outcome, folder) = try bake(1e-5, into: uniform(8 * 768, seed: 4), type: "F8_E4M3")
    #expect(outcome.status == 1)
    #expect(outcome.errors.split(separator: "\n").count == 1)
    #expect(
      outcome.errors.contains("o.st: not written, because F8_E4M3 holds only "), "\(outcome.errors)"
    )
    #expect(outcome.errors.contains("; bake into the same model in a wider type, or"))
    #expect(try folder.names() == ["a.st", "w.st"])
  }

  /// 65504 is the largest of F16, 448 that of E4M3, which has no infinity to become.
  @Test(arguments: [
    ("F16", 65504.0, 3e4, "numbers exceed the range of F16"),
    ("F8_E4M3", 240, 4000, "differs by more than rounding to F8_E4M3 explains"),
  ])
  func numbersBeyondTheRangeAreNoRounding(
    type: String, weight: Double, update: Double, message: String
  ) throws {
    let (outcome, folder) = try bake(
      update, into: Array(repeating: weight, count: 8 * 768), type: type)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(try folder.names() == ["a.st", "w.st"])
  }

  @Test func aFolderIsNotHalfBaked() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder["m/unet"], withIntermediateDirectories: true)
    var w = AdapterFile()
    w.add(
      "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", [8, 768],
      uniform(8 * 768, seed: 4), type: "F8_E4M3")
    let bytes = w.bytes
    try folder.write(bytes, to: "m/unet/x.safetensors")
    let adapter = try folder.write(adapter(times: 1e-5).bytes, to: "a.st")
    let outcome = try Program.run("merge", adapter, "--into", folder["m"], "-o", folder["o"])
    #expect(outcome.status == 1 && outcome.errors.contains("holds only"), "\(outcome.errors)")
    #expect(throws: (any Error).self) { try folder.bytes("o/unet/x.safetensors") }
    // In its own place, the model is what it was.
    let inPlace = try Program.run("merge", adapter, "--into", folder["m"], "-o", folder["m"])
    #expect(inPlace.status == 1)
    #expect(try folder.bytes("m/unet/x.safetensors") == bytes)
  }
}
