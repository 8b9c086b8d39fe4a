import Foundation
import TestSupport
import Testing

/// Checkpoints of codes and scales, as users bake into them, extract from them and look at them.
@Suite struct ScaledCheckpointTests {
  private static let layer = "model.diffusion_model.double_blocks.0.img_attn.proj"
  private static let other = "model.diffusion_model.double_blocks.1.img_attn.proj"
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A checkpoint of two layers of 24 × 16, one adapter for the first.
  private func write(
    scale: String, shape: [Int] = [], scales: [Double] = [0.01], type: String = "F8_E4M3",
    metadata: [String: String] = [:], adding more: (inout AdapterFile) -> Void = { _ in }
  ) throws -> AdapterFile {
    var model = AdapterFile()
    for (index, name) in [Self.layer, Self.other].enumerated() {
      let values = uniform(24 * 16, seed: UInt64(40 + index)).map { $0 * 300 }
      model.add("\(name).weight", [24, 16], values, type: type)
      model.add("\(name).\(scale)", shape, scales)
      model.add("\(name).bias", [24], uniform(24, seed: 9), type: "BF16")
    }
    model.metadata = metadata
    more(&model)
    try folder.write(model.bytes, to: "w.st")
    var adapter = AdapterFile()
    adapter.addModule("lora_unet_double_blocks_0_img_attn_proj", 24, 16, rank: 3, seed: 7)
    try folder.write(adapter.bytes, to: "a.st")
    return model
  }

  private func dequantised(_ file: AdapterFile, _ name: String, _ scale: String) throws -> Dense {
    let codes = try #require(file.matrix("\(name).weight"))
    let scales = try #require(file.values("\(name).\(scale)"))
    let factor = { scales[scales.count == 1 ? 0 : $0] }
    return Dense(
      codes.rows, codes.columns,
      codes.elements.enumerated().map { $1 * factor($0 / codes.columns) })
  }

  private var update: Dense {
    get throws {
      let adapter = try AdapterFile(bytes: folder.bytes("a.st"))
      return try #require(adapter.updates.values.first)
    }
  }

  @Test(
    arguments: [
      ("scale_weight", [], "F8_E4M3"), ("scale_weight", [1], "F8_E5M2"),
      ("weight_scale", [], "F8_E5M2"), ("weight_scale", [24], "F8_E4M3"),
      ("weight_scale", [24, 1], "F8_E4M3"), ("weight_scale_inv", [1, 1], "F8_E4M3"),
    ] as [(String, [Int], String)])
  func whatIsBakedIsAddedToTheNumbers(scale: String, shape: [Int], type: String) throws {
    let scales = uniform(max(1, shape.reduce(1, *)), seed: 3).map { 0.01 + 0.005 * abs($0) }
    let before = try write(scale: scale, shape: shape, scales: scales, type: type) { model in
      model.add("model.diffusion_model.scaled_fp8", [2], [0, 0], type: type)
      model.add("\(Self.layer).scale_input", [], [0.5])
    }
    let said = try report(["merge", folder["a.st"], "--into", folder["w.st"], "-o", folder["o.st"]])
    let after = try AdapterFile(bytes: folder.bytes("o.st"))
    let change =
      try dequantised(after, Self.layer, scale) - dequantised(before, Self.layer, scale)
    let asked = try update
    let share =
      zip(change.elements, asked.elements).reduce(0) { $0 + $1.0 * $1.1 }
      / (asked.norm * asked.norm)
    let requantised = try #require(said["requantised"] as? [String: Any])
    #expect(abs(try #require(requantised["norm_kept"] as? Double) - share) < 1e-4)
    let relative = (change - asked).norm / asked.norm
    #expect(abs(try #require(said["relative_error"] as? Double) - relative) < 1e-3)
    #expect(share > 0.95 && share < 1.05)
    let (old, new) = (
      try #require(before.tensors["\(Self.layer).weight"]?.bytes),
      try #require(after.tensors["\(Self.layer).weight"]?.bytes)
    )
    let changed = Double(zip(old, new).count { $0 != $1 }) / Double(old.count)
    #expect(abs(try #require(requantised["codes_changed"] as? Double) - changed) < 1e-9)
    // All else is copied as it is.
    let touched = ["\(Self.layer).weight", "\(Self.layer).\(scale)"]
    #expect(Set(after.tensors.keys) == Set(before.tensors.keys))
    for (name, tensor) in before.tensors where !touched.contains(name) {
      #expect(after.tensors[name] == tensor)
    }
  }

  @Test(arguments: ["bf16", "f16"]) func aLayerLeavesItsScheme(type: String) throws {
    let metadata =
      #"{"format_version":"1.0","layers":{"\#(Self.layer)":{"format":"float8_e4m3fn"},"\#(Self.other)":{"format":"float8_e4m3fn"}}}"#
    let before = try write(
      scale: "weight_scale", metadata: ["_quantization_metadata": metadata, "note": "kept"]
    ) { model in
      for name in [Self.layer, Self.other] {
        model.tensors["\(name).comfy_quant"] = AdapterFile.Tensor(
          type: "U8", shape: [27], bytes: Array(#"{"format": "float8_e4m3fn"}"#.utf8))
      }
    }
    try report([
      "merge", folder["a.st"], "--into", folder["w.st"], "-o", folder["o.st"], "--requantise", type,
    ])
    let after = try AdapterFile(bytes: folder.bytes("o.st"))
    #expect(after.tensors["\(Self.layer).weight"]?.type == type.uppercased())
    #expect(after.tensors["\(Self.layer).weight_scale"] == nil)
    #expect(after.tensors["\(Self.layer).comfy_quant"] == nil)
    let wanted = try dequantised(before, Self.layer, "weight_scale") + update
    let written = try #require(after.matrix("\(Self.layer).weight"))
    #expect((written - wanted).norm / wanted.norm < 0.003)
    for name in before.tensors.keys where name.hasPrefix(Self.other) {
      #expect(after.tensors[name] == before.tensors[name])
    }
    let said = try #require(after.metadata["_quantization_metadata"])
    #expect(!said.contains(Self.layer) && said.contains(Self.other))
    #expect(after.metadata["note"] == "kept")
    let again = try report(["inspect", folder["o.st"]])
    #expect((again["quantized"] as? [[String: Any]])?.first?["weights"] as? Int == 1)
  }

  /// A GGUF file of one weight of 32-bit numbers and a vocabulary of 20 words.
  private func gguf(_ name: String, _ rows: Int, _ columns: Int) -> [UInt8] {
    func bytes(_ number: Int, _ count: Int = 8) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    func text(_ text: String) -> [UInt8] { bytes(text.utf8.count) + Array(text.utf8) }
    let words = (0..<20).flatMap { text("w\($0)") }
    var file = Array("GGUF".utf8) + bytes(3, 4) + bytes(1) + bytes(1)
    file += text("tokenizer.ggml.tokens") + bytes(9, 4) + bytes(8, 4) + bytes(20) + words
    file += text(name) + bytes(2, 4) + bytes(columns) + bytes(rows) + bytes(0, 4) + bytes(0)
    file += [UInt8](repeating: 0, count: (32 - file.count % 32) % 32)
    return file + [UInt8](repeating: 0, count: 4 * rows * columns)
  }

  @Test func listsThatSafetensorsDoesNotHoldAreNamed() throws {
    _ = try write(scale: "weight_scale")
    try folder.write(gguf("double_blocks.0.img_attn.proj.weight", 24, 16), to: "w.gguf")
    let outcome = try Program.run(
      "merge", folder["a.st"], "--into", folder["w.gguf"], "--requantise", "bf16", "-o",
      folder["o.st"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("1 list of the header: tokenizer.ggml.tokens (20)"))
  }

  @Test func namesOfLlamaCppAreRefused() throws {
    try folder.write(gguf("blk.0.attn_q.weight", 8, 8), to: "w.gguf")
    var adapter = AdapterFile()
    let module = "base_model.model.model.layers.0.self_attn.q_proj"
    adapter.add(module + ".lora_A.weight", [2, 8], uniform(16, seed: 3))
    adapter.add(module + ".lora_B.weight", [8, 2], uniform(16, seed: 4))
    try folder.write(adapter.bytes, to: "a.st")
    let outcome = try Program.run(
      "merge", folder["a.st"], "--into", folder["w.gguf"], "--requantise", "bf16", "-o",
      folder["o.st"])
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("under llama.cpp's names, such as blk.0.attn_q.weight"))
  }

  /// No file says what a layer was before its rows were filled up: ComfyUI knows it from its code.
  @Test func paddedShapesAreNamed() throws {
    var model = AdapterFile()
    model.add("\(Self.layer).weight", [32, 32], uniform(32 * 32, seed: 1), type: "F8_E4M3")
    model.tensors["\(Self.layer).weight_scale"] = AdapterFile.Tensor(
      type: "U8", shape: [128, 4], bytes: Array(repeating: 127, count: 512))
    let declaration = Array(#"{"format": "mxfp8"}"#.utf8)
    model.tensors["\(Self.layer).comfy_quant"] = AdapterFile.Tensor(
      type: "U8", shape: [declaration.count], bytes: declaration)
    try folder.write(model.bytes, to: "w.st")
    var adapter = AdapterFile()
    adapter.addModule("lora_unet_double_blocks_0_img_attn_proj", 24, 16, rank: 3, seed: 7)
    try folder.write(adapter.bytes, to: "a.st")
    let outcome = try Program.run(
      "merge", folder["a.st"], "--into", folder["w.st"], "-o", folder["o.st"])
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("[24, 16]") && outcome.errors.contains("[32, 32]"))
  }

  @Test func extractionTakesTrueNumbers() throws {
    let model = try write(
      scale: "weight_scale", shape: [24], scales: (1...24).map { Double($0) / 1000 })
    var tuned = AdapterFile()
    for (name, change) in [(Self.layer, try update), (Self.other, nil)] {
      let numbers = try dequantised(model, name, "weight_scale")
      let sum = change.map { numbers + $0 } ?? numbers
      tuned.add("\(name).weight", [24, 16], sum.elements, type: "F64")
    }
    let path = try folder.write(tuned.bytes, to: "t.st")
    try report([
      "diff", path, folder["w.st"], "--rank", "3", "-o", folder["x.st"], "--dtype", "f32",
    ])
    let extracted = try AdapterFile(bytes: folder.bytes("x.st")).updates
    #expect(extracted.count == 1)
    let (asked, found) = (try update, try #require(extracted.values.first))
    #expect((found - asked).norm / asked.norm < 1e-5)
    try report([
      "diff", folder["w.st"], path, "--rank", "3", "-o", folder["y.st"], "--dtype", "f32",
    ])
    let back = try #require(try AdapterFile(bytes: folder.bytes("y.st")).updates.values.first)
    #expect((back + asked).norm / asked.norm < 1e-5)
  }

  @Test func magnitudesAreThoseOfTrueNumbers() throws {
    let model = try write(scale: "scale_weight")
    var plain = AdapterFile()
    let numbers = try dequantised(model, Self.layer, "scale_weight")
    plain.add("\(Self.layer).weight", [24, 16], numbers.elements, type: "F64")
    let path = try folder.write(plain.bytes, to: "p.st")
    var adapter = try AdapterFile(bytes: folder.bytes("a.st"))
    adapter.add(
      "lora_unet_double_blocks_0_img_attn_proj.dora_scale", [24, 1],
      uniform(24, seed: 8).map { 1 + abs($0) })
    let dora = try folder.write(adapter.bytes, to: "d.st")
    func merged(base: String) throws -> Dense {
      try report([
        "convert", dora, "--to", "kohya", "--plain", "--base", base, "--rank", "16", "-o",
        folder["m.st"],
      ])
      return try #require(try AdapterFile(bytes: folder.bytes("m.st")).updates.values.first)
    }
    let (ofCodes, ofNumbers) = (try merged(base: folder["w.st"]), try merged(base: path))
    #expect((ofCodes - ofNumbers).norm / ofNumbers.norm < 1e-5)
  }

  @Test func trueNormsAreShown() throws {
    let model = try write(
      scale: "weight_scale", shape: [24, 1], scales: (1...24).map { Double($0) / 100 })
    let norm = try dequantised(model, Self.layer, "weight_scale").norm
    let said = try report(["inspect", folder["w.st"], "--modules"])
    let group = try #require((said["quantized"] as? [[String: Any]])?.first)
    #expect(group["scheme"] as? String == "scaled FP8" && group["parameters"] as? Int == 768)
    let members = try #require(group["members"] as? [[String: Any]])
    #expect(members.count == 2 && members[0]["name"] as? String == "\(Self.layer).weight")
    #expect(abs(try #require(members[0]["norm"] as? Double) - norm) < 1e-9 * norm)
    let text = try Program.run("inspect", folder["w.st"], "--modules").output
    #expect(text.contains("scaled FP8") && text.contains("24×16"))
    #expect(
      (try report(["inspect", folder["w.st"]])["quantized"] as? [[String: Any]])?.first?["norm"]
        == nil)
  }

  @Test func aTinyUpdateIsKeptByChance() throws {
    _ = try write(scale: "weight_scale")
    func kept(_ arguments: [String]) throws -> Double {
      let said = try report(
        [
          "merge", folder["a.st"] + ":0.0005", "--into", folder["w.st"], "-o", folder["o.st"],
          "--accept-error",
        ]
          + arguments)
      return try #require((said["requantised"] as? [String: Any])?["norm_kept"] as? Double)
    }
    // The largest code and so the scale hardly change: nearly all codes stay.
    _ = try kept([])
    let seeds = try (0..<8).map { try kept(["--stochastic-rounding", "\($0)"]) }
    let first = try folder.bytes("o.st")
    _ = try kept(["--stochastic-rounding", "7"])
    #expect(try folder.bytes("o.st") == first)
    #expect(Set(seeds).count == seeds.count)
  }

  @Test(
    arguments: [
      ("scale", [3], "of shape [24, 16] has scales of shape [3]"),
      ("twice", [], "has several scales ("),
      ("none", [], "has no weight_scale, which its format asks for"),
      ("type", [], "is of type F8_E4M3, declared as float8_e5m2"),
    ] as [(String, [Int], String)])
  func whatIsWrongIsSaid(what: String, shape: [Int], sentence: String) throws {
    _ = try write(
      scale: what == "none" ? "unused" : "weight_scale", shape: shape,
      scales: Array(repeating: 0.01, count: max(1, shape.reduce(1, *)))
    ) { model in
      if what == "twice" { model.add("\(Self.layer).scale_weight", [], [1]) }
      let format = what == "type" ? "float8_e5m2" : "float8_e4m3fn"
      if what == "none" || what == "type" {
        let text = Array(#"{"format": "\#(format)"}"#.utf8)
        model.tensors["\(Self.layer).comfy_quant"] = AdapterFile.Tensor(
          type: "U8", shape: [text.count], bytes: text)
      }
    }
    let outcome = try Program.run(
      "merge", folder["a.st"], "--into", folder["w.st"], "-o", folder["o.st"])
    #expect(outcome.status == 1 && outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(
      outcome.errors.hasPrefix("Error: \(folder["w.st"]): ") || outcome.errors.contains("w.st: "))
    #expect(outcome.errors.split(separator: "\n").count == 1)
    let verified = try Program.run("verify", folder["w.st"])
    #expect(verified.status == 1 && verified.output.contains(sentence))
  }

  @Test func notANumberIsRefused() throws {
    let model = try write(scale: "weight_scale") { model in
      guard let tensor = model.tensors["\(Self.layer).weight"] else { return }
      model.tensors["\(Self.layer).weight"] = AdapterFile.Tensor(
        type: tensor.type, shape: tensor.shape, bytes: [0x7F] + tensor.bytes.dropFirst())
    }
    #expect(model.tensors.count == 6)
    let outcome = try Program.run(
      "merge", folder["a.st"], "--into", folder["w.st"], "-o", folder["o.st"])
    #expect(outcome.status == 1 && outcome.errors.contains("or are NaN"), "\(outcome.errors)")
    #expect(try folder.names() == ["a.st", "w.st"])
    let verified = try Program.run("verify", folder["w.st"])
    #expect(
      verified.status == 1 && verified.output.contains("img_attn.proj.weight holds NaN or infinity")
    )
  }

  @Test func optionsGoWithIntoAlone() throws {
    _ = try write(scale: "weight_scale")
    for option in [["--requantise", "bf16"], ["--stochastic-rounding", "1"]] {
      let outcome = try Program.run(["merge", folder["a.st"], "-o", folder["o.st"]] + option)
      #expect(outcome.status == 64 && outcome.errors.contains("\(option[0]) goes with --into."))
    }
  }
}
