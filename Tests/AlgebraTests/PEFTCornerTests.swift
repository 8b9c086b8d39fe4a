import Foundation
import TestSupport
import Testing

/// PEFT's corners: several adapters in one place, methods by their names.
@Suite struct PEFTCornerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ path: String) throws -> AdapterFile {
    try AdapterFile(bytes: [UInt8](try Data(contentsOf: URL(filePath: path))))
  }

  private func write(_ file: AdapterFile, configuration: String, to name: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: folder[name], withIntermediateDirectories: true)
    try folder.write(file.bytes, to: "\(name)/adapter_model.safetensors")
    try folder.write(configuration.utf8, to: "\(name)/adapter_config.json")
    return folder[name]
  }

  // MARK: - Several adapters

  private static let module = "base_model.model.model.layers.0.self_attn.q_proj"
  private static let configuration =
    #"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}"#

  private func named(_ names: [String]) -> AdapterFile {
    var file = AdapterFile()
    for (index, name) in names.enumerated() {
      let part = name.isEmpty ? "" : ".\(name)"
      file.add(
        "\(Self.module).lora_A\(part).weight", [2, 6], uniform(12, seed: UInt64(2 * index + 1)))
      file.add(
        "\(Self.module).lora_B\(part).weight", [5, 2], uniform(10, seed: UInt64(2 * index + 2)))
    }
    return file
  }

  @Test func severalAdaptersInOneFileAreNamed() throws {
    let path = try write(named(["style", "face"]), configuration: Self.configuration, to: "two")
    for command in [["inspect", path], ["resize", path, "--rank", "1"], ["merge", path]] {
      let refused = try Program.run(command + (command[0] == "inspect" ? [] : ["-o", folder["x"]]))
      #expect(refused.status == 1, "\(refused.errors)")
      #expect(refused.errors.contains("several adapters (face, style)"), "\(refused.errors)")
    }
    let alone = try write(named(["", "x"]), configuration: Self.configuration, to: "one")
    for (name, index) in [("style", 0), ("face", 1)] {
      let outcome = try Program.run(
        "convert", path, "--to", "kohya", "--adapter", name, "-o", folder["\(name).st"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let result = try file(folder["\(name).st"])
      let wanted = named(["style", "face"]).values("\(Self.module).lora_A.\(name).weight")
      let down = result.tensors.keys.first { $0.hasSuffix("lora_down.weight") }
      #expect(down.flatMap { result.values($0) } == wanted, "\(index)")
    }
    let wrong = try Program.run("inspect", path, "--adapter", "body")
    #expect(wrong.status == 1 && wrong.errors.contains("has no adapter 'body', but face, style"))
    let mixed = try Program.run("inspect", alone)
    #expect(mixed.status == 1 && mixed.errors.contains("several adapters (default, x)"))
    let plain = try Program.run("inspect", "pair/a.safetensors", "--adapter", "x")
    #expect(plain.status == 1 && plain.errors.contains("leave --adapter out"), "\(plain.errors)")
  }

  @Test func oneNamedAdapterNeedsNoName() throws {
    let path = try write(named(["default"]), configuration: Self.configuration, to: "one")
    #expect(try Program.run("inspect", path).status == 0)
    #expect(try Program.run("inspect", path, "--adapter", "default").status == 0)
  }

  @Test func foldersOfAdaptersAreNamed() throws {
    for name in ["a", "b"] {
      _ = try write(named([""]), configuration: Self.configuration, to: "all/\(name)")
    }
    let refused = try Program.run("inspect", folder["all"])
    #expect(refused.status == 1 && refused.errors.contains("several adapters (a, b)"))
    let chosen = try Program.run("inspect", folder["all"], "--adapter", "b", "--json")
    #expect(chosen.status == 0, "\(chosen.errors)")
  }

  // MARK: - Methods

  static let beginnings = [
    ("pissa", "PiSSA"), ("pissa_niter_16", "PiSSA"), ("olora", "OLoRA"), ("corda", "CorDA"),
    ("lora_ga", "LoRA-GA"), ("loftq", "LoftQ"),
  ]

  /// Relative to its own beginning: refused, shown, and right once the beginning is subtracted.
  @Test(arguments: beginnings)
  func changedBasesAreRecognised(way: String, title: String) throws {
    let configuration = Self.configuration.replacing(
      "\"r\": 2", with: "\"r\": 2, \"init_lora_weights\": \"\(way)\"")
    let (trained, first) = (named(["x"]), named(["", "x"]))
    let path = try write(named([""]), configuration: configuration, to: "trained")
    var initial = AdapterFile()
    for part in ["A", "B"] {
      initial.tensors["\(Self.module).lora_\(part).weight"] =
        first.tensors["\(Self.module).lora_\(part).x.weight"]
    }
    let start = try write(initial, configuration: Self.configuration, to: "initial")
    let refused = try Program.run("merge", path, "-o", folder["x"])
    #expect(refused.status == 1)
    #expect(refused.errors.contains("was trained by \(title)"), "\(refused.errors)")
    #expect(refused.errors.contains("lora diff TRAINED INITIAL"))
    let shown = try Program.run("inspect", path)
    #expect(shown.status == 0 && shown.output.contains(title))
    let difference = try Program.run("diff", path, start, "-o", folder["plain"])
    #expect(difference.status == 0, "\(difference.errors)")
    let result = try file(folder["plain/adapter_model.safetensors"])
    func update(_ file: AdapterFile, _ name: String) throws -> Dense {
      try #require(file.matrix("\(Self.module).lora_B\(name).weight"))
        * #require(file.matrix("\(Self.module).lora_A\(name).weight"))
    }
    let wanted = try update(trained, ".x").scaled(by: 2) - update(initial, "").scaled(by: 2)
    let got = try update(result, "")
    #expect((got - wanted).norm < 1e-5 * wanted.norm)
    let json = String(decoding: try folder.bytes("plain/adapter_config.json"), as: UTF8.self)
    #expect(json.contains("\"init_lora_weights\" : true") && json.contains("\"r\" : 4"))
  }

  @Test(arguments: [
    ("\"kasa_config\": {\"beta\": 1}", "KaSA"), ("\"use_bdlora\": {\"nblocks\": 2}", "BD-LoRA"),
    ("\"monteclora_config\": {}", "MonteCLoRA"), ("\"alora_invocation_tokens\": [1, 2]", "aLoRA"),
    ("\"use_qalora\": true", "QA-LoRA"), ("\"arrow_config\": {\"top_k\": 3}", "Arrow"),
  ])
  func variantsAreRefusedByName(field: String, title: String) throws {
    let configuration = Self.configuration.replacing("\"r\": 2", with: "\"r\": 2, \(field)")
    let path = try write(named([""]), configuration: configuration, to: "a")
    let refused = try Program.run("convert", path, "--to", "kohya", "-o", folder["x"])
    #expect(refused.status == 1 && refused.errors.contains("is \(title)"), "\(refused.errors)")
    #expect(try Program.run("inspect", path).output.contains("is \(title)"))
  }

  @Test(arguments: [
    ("VERA", "VeRA"), ("XLORA", "X-LoRA"), ("CARTRIDGE", "Cartridge"), ("NEW", "NEW"),
  ])
  func foreignMethodsAreNamedByTheConfiguration(type: String, title: String) throws {
    var file = AdapterFile()
    file.add("base_model.model.strange_thing", [3], [1, 2, 3])
    let path = try write(file, configuration: "{\"peft_type\": \"\(type)\"}", to: "a")
    let outcome = try Program.run("inspect", path)
    #expect((outcome.output + outcome.errors).contains("PEFT's \(title)"), "\(outcome.output)")
  }

  // MARK: - LoKr

  @Test(arguments: [("32", 1.0, true), ("1", 1.0, false), (nil, 1.0, true), (nil, 32.0, false)])
  func wholeKroneckerFactorsOfAnotherAlphaAreToldOf(
    dimension: String?, alpha: Double, isTold: Bool
  ) throws {
    var file = AdapterFile()
    file.add("lora_unet_x.lokr_w1", [2, 2], uniform(4, seed: 1))
    file.add("lora_unet_x.lokr_w2", [3, 3], uniform(9, seed: 2))
    file.add("lora_unet_x.alpha", [], [alpha])
    if let dimension { file.metadata["ss_network_dim"] = dimension }
    let path = try folder.write(file.bytes, to: "k.st")
    let outcome = try Program.run("inspect", path)
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("two whole factors") == isTold, "\(outcome.output)")
  }
}
