import Foundation
import TestSupport
import Testing

/// Experts side by side (PEFT's `target_parameters`), judged by PEFT's merge_and_unload.
@Suite struct ExpertTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ path: String) throws -> AdapterFile {
    try AdapterFile(bytes: [UInt8](try Data(contentsOf: URL(filePath: path))))
  }

  static let experts = ["experts", "experts-of-one-parameter"]

  private func values(_ file: AdapterFile, _ name: String) throws -> [Double] {
    try #require(file.values(name), "\(name)")
  }

  private func expectMerged(_ baked: AdapterFile, as name: String) throws {
    let base = try file(Fixtures.path("peft/experts.safetensors"))
    let merged = try file(Fixtures.path("peft/\(name)/merged.safetensors"))
    for key in base.tensors.keys {
      let before = try values(base, key)
      let wanted = merged.values(key) ?? before
      let got = try values(baked, key)
      let error = zip(got, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      let change = zip(before, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      #expect(error <= 1e-5 * max(change, 0.01), "\(name): \(key) by \(error)")
    }
  }

  @Test(arguments: experts) func expertsAreBakedAsPEFTMergesThem(name: String) throws {
    let outcome = try Program.run(
      "merge", "peft/\(name)", "--into", "peft/experts.safetensors", "-o", folder["b"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    try expectMerged(try file(folder["b"]), as: name)
  }

  /// On disk Qwen3-MoE has a tensor for each projection of each expert.
  @Test(arguments: experts) func expertsApartAreBaked(name: String) throws {
    let whole = try file(Fixtures.path("peft/experts.safetensors"))
    try folder.write(try apart(whole).bytes, to: "apart")
    let outcome = try Program.run(
      "merge", "peft/\(name)", "--into", folder["apart"], "-o", folder["b"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let baked = try file(folder["b"])
    var wanted = whole
    let merged = try file(Fixtures.path("peft/\(name)/merged.safetensors"))
    for (key, tensor) in merged.tensors { wanted.tensors[key] = tensor }
    let expected = try apart(wanted)
    for key in expected.tensors.keys {
      let (got, want) = (try values(baked, key), try values(expected, key))
      let error = zip(got, want).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(error < 1e-5, "\(key) by \(error)")
    }
  }

  private func apart(_ whole: AdapterFile) throws -> AdapterFile {
    var result = AdapterFile()
    for (key, tensor) in whole.tensors {
      guard tensor.shape.count == 3, let dot = key.lastIndex(of: ".") else {
        result.tensors[key] = tensor
        continue
      }
      let (owner, parameter) = (key[..<dot], key[key.index(after: dot)...])
      let names = parameter == "down_proj" ? ["down_proj"] : ["gate_proj", "up_proj"]
      let elements = try values(whole, key)
      let rows = tensor.shape[1] / names.count
      let size = rows * tensor.shape[2]
      for expert in 0..<tensor.shape[0] {
        for (index, name) in names.enumerated() {
          let start = (expert * names.count + index) * size
          result.add(
            "\(owner).\(expert).\(name).weight", [rows, tensor.shape[2]],
            Array(elements[start..<start + size]))
        }
      }
    }
    return result
  }

  /// Sums and other namings' round trips stay PEFT's, and bake to the same.
  @Test(arguments: experts) func sumsOfExpertsAreExact(name: String) throws {
    let half = "peft/\(name):0.5"
    for (index, command) in [
      ["merge", half, half], ["convert", "peft/\(name)", "--to", "peft"],
      ["merge", "peft/\(name):2", "peft/\(name):-1", "--method", "svd", "--rank", "3"],
    ].enumerated() {
      let path = folder["m\(index)"]
      let made = try Program.run(command + ["-o", path])
      #expect(made.status == 0, "\(made.errors)")
      let outcome = try Program.run(
        "merge", path, "--into", "peft/experts.safetensors", "-o", folder["b"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      try expectMerged(try file(folder["b"]), as: name)
    }
    let data = try Data(contentsOf: URL(filePath: folder["m0/adapter_config.json"]))
    let fields = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let parameters = try #require(fields["target_parameters"] as? [String])
    #expect(parameters.allSatisfy { $0.contains("mlp.experts.") } && !parameters.isEmpty)
  }

  /// Each expert is a module of its own: alpha / rank, and the norm of its own product.
  @Test func inspectShowsEachExpert() throws {
    let outcome = try Program.run("inspect", "peft/experts", "--json")
    let report = try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let modules = try #require(report["modules"] as? [[String: Any]])
      .filter { ($0["name"] as? String ?? "").contains(".experts.") }
    #expect(modules.count == 6)
    #expect(modules.allSatisfy { $0["rank"] as? Int == 2 && $0["scale"] as? Double == 1.5 })
    let base = try file(Fixtures.path("peft/experts.safetensors"))
    let merged = try file(Fixtures.path("peft/experts/merged.safetensors"))
    var squared = 0.0
    for key in merged.tensors.keys where key.contains("experts") {
      let (before, after) = (try values(base, key), try values(merged, key))
      squared += zip(before, after).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    let said = modules.reduce(0) { $0 + pow($1["norm"] as? Double ?? 0, 2) }
    #expect(abs(said - squared) < 1e-5 * squared)
  }

  /// The change of each expert's weight by a baked model, by parameter.
  private func changes(_ baked: AdapterFile) throws -> [String: [Dense]] {
    let base = try file(Fixtures.path("peft/experts.safetensors"))
    var result: [String: [Dense]] = [:]
    for (key, tensor) in base.tensors where tensor.shape.count == 3 {
      let (before, after) = (try values(base, key), try values(baked, key))
      let size = tensor.shape[1] * tensor.shape[2]
      result[key] = (0..<tensor.shape[0]).map { expert in
        let range = expert * size..<(expert + 1) * size
        return Dense(
          tensor.shape[1], tensor.shape[2], zip(after[range], before[range]).map { $0 - $1 })
      }
    }
    return result
  }

  /// All experts of a parameter have one rank, and each is the best approximation of that rank.
  @Test(arguments: [
    ["--rank", "1"], ["--sv-fro", "0.9"], ["--params", "180"], ["--recipe", "fro_lora=1,thr=-0.3"],
  ])
  func expertsAreResized(rule: [String]) throws {
    let made = try Program.run(["resize", "peft/experts", "-o", folder["r"]] + rule)
    #expect(made.status == 0, "\(made.errors)")
    for (adapter, name) in [("peft/experts", "whole"), (folder["r"], "resized")] {
      let outcome = try Program.run(
        "merge", adapter, "--into", "peft/experts.safetensors", "-o", folder[name])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let resized = try file(folder["r/adapter_model.safetensors"])
    let stored = resized.tensors.filter { $0.key.contains(".lora_") }
    let prefix = "base_model.model.model.layers.0.mlp.experts"
    let (whole, small) = (
      try changes(try file(folder["whole"])), try changes(try file(folder["resized"]))
    )
    for (parameter, wrapper) in [("gate_up_proj", ".base_layer"), ("down_proj", "")] {
      let rank = try #require(resized.tensors["\(prefix)\(wrapper).lora_A.weight"]).shape[0] / 3
      let key = "model.layers.0.mlp.experts.\(parameter)"
      for (was, now) in zip(try #require(whole[key]), try #require(small[key])) {
        let squares = was.singularValues.map { $0 * $0 }
        let total = squares.reduce(0, +)
        let error = pow((was - now).norm, 2)
        switch rule[0] {
        case "--sv-fro": #expect(error <= (1 - 0.9 * 0.9) * total)
        case "--recipe":
          let left = squares.filter { $0 < total * pow(10, -0.6) }.reduce(0, +)
          #expect(abs(error - left) <= 1e-5 * total)
        default: #expect(abs(error - squares.dropFirst(rank).reduce(0, +)) <= 1e-5 * total)
        }
      }
    }
    let count = stored.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
    #expect(count <= 236 && (rule[0] != "--params" || (119...180).contains(count)), "\(count)")
  }

  /// A recipe compares each expert's directions with the weight of that expert.
  @Test(arguments: [false, true]) func expertsAreComparedWithTheModel(areApart: Bool) throws {
    let whole = try file(Fixtures.path("peft/experts.safetensors"))
    try folder.write((areApart ? try apart(whole) : whole).bytes, to: "model")
    for arguments in [
      [
        "resize", "peft/experts", "--recipe", "fro_ckpt=1,thr=-0.5", "--base", folder["model"],
        "-o", folder["r"],
      ], ["merge", "peft/experts", "--into", "peft/experts.safetensors", "-o", folder["whole"]],
      ["merge", folder["r"], "--into", "peft/experts.safetensors", "-o", folder["resized"]],
    ] {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let small = try changes(try file(folder["resized"]))
    for (key, updates) in try changes(try file(folder["whole"])) {
      let weights = try values(whole, key)
      for (index, was) in updates.enumerated() {
        let size = was.rows * was.columns
        let weight = weights[index * size..<(index + 1) * size]
        let least = weight.reduce(0) { $0 + $1 * $1 } * 0.1
        let left = was.singularValues.map { $0 * $0 }.filter { $0 < least }.reduce(0, +)
        let now = try #require(small[key])[index]
        #expect(abs(pow((was - now).norm, 2) - left) <= 1e-5 * pow(was.norm, 2), "\(key) \(index)")
      }
    }
  }

  @Test(arguments: [
    (["resize", "peft/experts", "--recipe", "fro_lora=1,size=1"], "use thr, --bytes or --params"),
    (["convert", "peft/experts", "--to", "comfy"], "an expert of a parameter"),
  ])
  func expertsAreRefusedWhereTheyHaveNoForm(command: [String], says: String) throws {
    let outcome = try Program.run(command + ["-o", folder["x"]])
    #expect(outcome.status == 1 && outcome.errors.contains(says), "\(outcome.errors)")
    #expect(try folder.names().isEmpty)
  }
}
