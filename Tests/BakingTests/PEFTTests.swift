import Adapters
import Baking
import Files
import Foundation
import Safetensors
import Tensors
import TestSupport
import Testing

/// Adapters as PEFT saves them, baked, against what PEFT's own merging makes of the model.
@Suite struct PEFTTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let cases: [(adapter: String, model: String)] = [
    ("embeddings", "qwen"), ("embeddings-square", "layers"), ("embeddings-dora", "qwen"),
    ("embeddings-tied", "qwen-tied"), ("conv1d", "gpt2"), ("conv1d-and-head", "gpt2"),
    ("conv1d-dora", "gpt2"), ("conv1d-ia3", "gpt2"), ("bias-of-targets", "qwen"),
    ("bias-of-all", "gpt2"), ("bias-of-factors", "qwen"), ("whole-modules", "qwen"),
    ("whole-norm-with-bias", "gpt2"), ("ia3", "qwen"), ("ia3-convolutions", "layers"),
    ("ia3-convolutions-inputs", "layers"), ("ia3-square", "layers"), ("tokens", "qwen"),
    ("tokens-by-name", "qwen"), ("tokens-tied", "qwen-tied"), ("tokens-alone", "qwen"),
  ]

  private func adapter(_ name: String) throws -> Adapter {
    try AdapterSource(path: Fixtures.path("peft/\(name)")).adapter()
  }

  private func model(_ name: String) -> String { Fixtures.path("peft/\(name).safetensors") }

  private func bake(
    _ inputs: [Combination.Input], into model: String
  ) throws -> (file: SafetensorsFile, report: BakedModel.Report, leftOut: LeftOut) {
    let adapters = inputs.map(\.adapter)
    let layers = CheckpointLayers(try Checkpoint(path: model), for: adapters)
    let combination = try Combination(inputs, base: layers, leavesMissing: true)
    let baked = try BakedLayers(combination, in: layers)
    let report = try BakedModel(baked, threads: 2).write(to: folder["o"], compresses: false)
    return (try SafetensorsFile(path: folder["o"]), report, baked.leftOut)
  }

  private func values(_ path: String) throws -> [String: [Double]] {
    let file = try SafetensorsFile(path: path)
    return Dictionary(
      uniqueKeysWithValues: try file.header.entries.map { ($0.name.string, try file.doubles($0)) })
  }

  private func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  /// Holds every tensor to base + weight·(merged − base).
  private func check(
    _ file: SafetensorsFile, _ base: [String: [Double]], _ merged: [(String, weight: Double)]
  ) throws {
    var wanted = base
    for (name, weight) in merged {
      for (key, values) in try values(Fixtures.path("peft/\(name)/merged.safetensors")) {
        let before = try #require(base[key])
        wanted[key] = zip(try #require(wanted[key]), zip(values, before)).map {
          $0 + weight * ($1.0 - $1.1)
        }
      }
    }
    for (key, values) in wanted {
      let got = try file.doubles(file.entry(key))
      let before = try #require(base[key])
      let change = distance(values, before)
      #expect(distance(got, values) <= 1e-5 * max(change, 0.01), "\(key)")
    }
  }

  @Test(arguments: cases, [1, -0.5]) func adaptersMergeAsByPEFT(
    c: (adapter: String, model: String), weight: Double
  ) throws {
    let base = try values(model(c.model))
    let (file, report, leftOut) = try bake(
      [.init(try adapter(c.adapter), weight: weight)], into: model(c.model))
    try check(file, base, [(c.adapter, weight)])
    #expect(report.missing.isEmpty)
    #expect(leftOut.isEmpty, "\(leftOut)")
    #expect(report.verification.isExplained)
    #expect(report.verification.relativeError < 1e-5)
    let merged = try values(Fixtures.path("peft/\(c.adapter)/merged.safetensors"))
    #expect(report.tensors == merged.count)
  }

  /// Those of one table stored whole, as factors and as rows meet in one orientation.
  @Test(arguments: [
    ["embeddings", "whole-modules"], ["whole-modules", "embeddings"], ["embeddings", "tokens"],
    ["tokens-alone", "tokens-by-name", "ia3"],
  ])
  func changesOfOneTableAdd(names: [String]) throws {
    let base = try values(model("qwen"))
    let inputs = try names.map { Combination.Input(try adapter($0), weight: 0.5) }
    try check(try bake(inputs, into: model("qwen")).file, base, names.map { ($0, 0.5) })
  }

  /// (IA)³ and rotations do not tell the layer's extents; the model does.
  @Test(arguments: [
    ("ia3", "qwen"), ("ia3-convolutions", "layers"), ("ia3-square", "layers"),
    ("conv1d-ia3", "gpt2"),
  ])
  func changesHaveTheExtentsOfTheModel(name: String, modelName: String) throws {
    let adapter = try adapter(name)
    let base = CheckpointLayers(try Checkpoint(path: model(modelName)), for: [adapter])
    let combination = try Combination([.init(adapter, weight: 1)], base: base)
    for layer in combination.layers where layer.changesWeight {
      let change = try layer.difference()
      #expect(change.rows == layer.extents.outputs)
      #expect(change.columns == layer.extents.columns)
    }
  }

  /// A weight, a bias or a row that is stored itself comes out to the bit.
  @Test(arguments: [
    ("whole-modules", "qwen", ["lm_head.weight", "model.layers.0.input_layernorm.weight"]),
    ("bias-of-targets", "qwen", ["model.layers.0.self_attn.q_proj.bias"]),
    ("bias-of-all", "gpt2", ["transformer.ln_f.bias", "transformer.h.0.attn.c_attn.bias"]),
    ("tokens", "qwen", ["model.embed_tokens.weight"]),
  ])
  func whatIsStoredIsKeptToTheBit(name: String, model: String, keys: [String]) throws {
    let file = try bake([.init(try adapter(name), weight: 1)], into: self.model(model)).file
    let merged = try values(Fixtures.path("peft/\(name)/merged.safetensors"))
    for key in keys { #expect(try file.doubles(file.entry(key)) == merged[key]) }
  }

  /// The file alone: the model's shapes tell what `fan_in_fan_out` would.
  @Test func conv1DIsToldByTheModel() throws {
    let path = folder["alone.safetensors"]
    try FileManager.default.copyItem(
      atPath: Fixtures.path("peft/conv1d/adapter_model.safetensors"), toPath: path)
    let alone = try AdapterSource(path: path).adapter()
    // Without a configuration alpha is the rank: 3 / 2 of the change is missing.
    let file = try bake([.init(alone, weight: 1.5)], into: model("gpt2")).file
    try check(file, try values(model("gpt2")), [("conv1d", 1)])
  }

  /// A layer of any name is transposed where the configuration says so and its shape allows it.
  @Test(arguments: [(true, [8, 8]), (true, [8, 6]), (true, [6, 8]), (false, [6, 8])])
  func theConfigurationSaysWhatLiesTransposed(says: Bool, shape: [Int]) throws {
    let name = "base_model.model.encoder.mix"
    let (up, down) = (random([6, 2], 1), random([2, 8], 2))
    let isSquare = shape == [8, 8]
    let ups = isSquare ? random([8, 2], 1) : up
    try makeFolder(folder["a"])
    try write(
      ["\(name).lora_B.weight": ups, "\(name).lora_A.weight": down],
      to: "a/adapter_model.safetensors")
    let json = #"{"peft_type": "LORA", "r": 2, "lora_alpha": 2, "fan_in_fan_out": \#(says)}"#
    try folder.write(Array(json.utf8), to: "a/adapter_config.json")
    let weight = random(shape, 3)
    try write(["encoder.mix.weight": weight], to: "w")
    let file = try bake(
      [.init(try AdapterSource(path: folder["a"]).adapter(), weight: 1)], into: folder["w"]
    )
    .file
    let isTransposed = says && shape != [6, 8]
    let got = try file.doubles(file.entry("encoder.mix.weight"))
    let rows = isSquare ? 8 : 6
    for i in 0..<rows {
      for j in 0..<8 {
        let change =
          ups.values[2 * i] * down.values[j] + ups.values[2 * i + 1] * down.values[8 + j]
        let place = isTransposed ? j * rows + i : i * 8 + j
        #expect(abs(got[place] - weight.values[place] - change) < 1e-6)
      }
    }
  }

  private typealias Tensor = (shape: [Int], values: [Double])

  private func random(_ shape: [Int], _ seed: UInt64) -> Tensor {
    let values = Matrix.random(shape.reduce(1, *), 1, seed: seed).elements
    return (shape, values.map { Double(Float($0)) })
  }

  private func write(_ tensors: [String: Tensor], to name: String) throws {
    let output = try OutputFile(path: folder[name])
    let sorted = tensors.sorted { $0.key < $1.key }
    let layout = Layout(
      sorted.map { .init(name: $0.key, type: .float32, shape: Shape($0.value.shape)) })
    let writer = SafetensorsWriter(layout, metadata: Metadata([:]), to: output)
    for (name, tensor) in sorted {
      try unsafe writer.write(encoded(tensor.values, as: .float32).span.bytes, to: name)
    }
    try writer.finish(metadata: Metadata([:]))
  }
}
