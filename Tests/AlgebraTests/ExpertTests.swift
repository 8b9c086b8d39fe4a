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

  @Test(arguments: [
    (["resize", "peft/experts", "--rank", "1"], "3 experts"),
    (["convert", "peft/experts", "--to", "comfy"], "an expert of a parameter"),
  ])
  func expertsAreRefusedWhereTheyHaveNoForm(command: [String], says: String) throws {
    let outcome = try Program.run(command + ["-o", folder["x"]])
    #expect(outcome.status == 1 && outcome.errors.contains(says), "\(outcome.errors)")
    #expect(try folder.names().isEmpty)
  }
}
