import Foundation
import TestSupport
import Testing

@testable import Names

/// Every family under every naming: names by the tables, numbers by dense products in 64 bits.
@Suite struct FamilyConversionTests {
  static let families = Family.all.filter(\.hasTable).map(\.model)

  /// One module for each layer of the original, of odd extents.
  ///
  /// Of Cosmos those whose extents the table does not tell: others of Anima's would be as wrong.
  private struct Original {
    var file = AdapterFile()
    var updates: [String: Dense] = [:]
    let family: Family

    init(_ model: BaseModel) throws {
      family = try #require(Family.of(model))
      for (index, layer) in family.layers.enumerated()
      where model != .cosmos || layer.size == nil {
        for part in layer.parts[.original] ?? [] {
          let path = part.pattern.path(in: family)
          let outputs = part.shares.count * (layer.parts[.diffusers]?.first?.order == .same ? 3 : 4)
          file.addFactors("diffusion_model." + path, outputs, 5, rank: 2, seed: UInt64(7 * index))
        }
      }
      updates = file.updates
    }

    /// What diffusers is to have: rows of the original's, by the table's shares.
    var diffusers: [String: Dense] {
      var result: [String: Dense] = [:]
      for layer in family.layers {
        let own = layer.parts[.original] ?? []
        let wholes = own.compactMap {
          updates["diffusion_model." + $0.pattern.path(in: family)]
        }
        if wholes.isEmpty { continue }
        let rows = wholes.flatMap { whole in
          (0..<whole.rows).map { Array(whole.elements[5 * $0..<5 * $0 + 5]) }
        }
        for part in layer.parts[.diffusers] ?? [] where !own.isEmpty {
          let height = rows.count / layer.count
          var taken = Array(
            rows[part.shares.lowerBound * height..<part.shares.upperBound * height])
          if part.order == .halvesSwapped {
            taken = Array(taken[(taken.count / 2)...] + taken[..<(taken.count / 2)])
          }
          let path = part.pattern.path(in: family)
          let isOwn = family.ownComponents.contains(String(path.prefix { $0 != "." }))
          result[isOwn ? path : "\(family.component).\(path)"] = Dense(
            taken.count, 5, taken.flatMap { $0 })
        }
      }
      return result
    }
  }

  func convert(_ folder: TemporaryFolder, _ from: String, _ to: String, _ naming: String)
    throws -> AdapterFile
  {
    let outcome = try Program.run(
      "convert", folder[from], "--to", naming, "--skip-unsupported", "-o", folder[to], "--quiet")
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try AdapterFile(bytes: folder.bytes(to))
  }

  func expectSame(_ found: [String: Dense], _ wanted: [String: Dense]) {
    #expect(Set(found.keys) == Set(wanted.keys))
    for (name, update) in wanted {
      let error = found[name].map { ($0 - update).norm } ?? .infinity
      #expect(error <= 1e-6 * update.norm, "\(name)")
    }
  }

  @Test(arguments: FamilyConversionTests.families)
  func diffusersHasRowsOfTheOriginal(model: BaseModel) throws {
    let original = try Original(model)
    let folder = try TemporaryFolder()
    try Data(original.file.bytes).write(to: URL(filePath: folder["a.safetensors"]))
    let there = try convert(folder, "a.safetensors", "b.safetensors", "diffusers")
    expectSame(there.updates, original.diffusers)
    for name in ["a.safetensors", "b.safetensors"] {
      let said = try report(["inspect", folder[name]])
      #expect(said["base_model"] as? String == model.rawValue)
    }
  }

  /// There and back, nothing folded: the same bytes.
  @Test(
    arguments: FamilyConversionTests.families,
    ["diffusers", "kohya", "onetrainer", "original", "peft"])
  func namingsLeadBack(model: BaseModel, naming: String) throws {
    let original = try Original(model)
    let folder = try TemporaryFolder()
    try Data(original.file.bytes).write(to: URL(filePath: folder["a.safetensors"]))
    _ = try convert(folder, "a.safetensors", "b.safetensors", naming)
    let back = try convert(folder, "b.safetensors", "c.safetensors", "comfy")
    var wanted = original.file
    if ["diffusers", "onetrainer"].contains(naming) {
      for layer in original.family.layers where layer.parts[.diffusers] == nil {
        for part in layer.parts[.original] ?? [] {
          let name = "diffusion_model." + part.pattern.path(in: original.family)
          for suffix in [".lora_A.weight", ".lora_B.weight"] { wanted.tensors[name + suffix] = nil }
        }
      }
    }
    #expect(Set(back.tensors.keys) == Set(wanted.tensors.keys))
    for (name, tensor) in wanted.tensors { #expect(back.tensors[name] == tensor, "\(name)") }
  }

  /// One update under two namings cancels.
  @Test(arguments: FamilyConversionTests.families)
  func twoNamingsOfOneUpdateMeet(model: BaseModel) throws {
    let original = try Original(model)
    let folder = try TemporaryFolder()
    try Data(original.file.bytes).write(to: URL(filePath: folder["a.safetensors"]))
    let there = try convert(folder, "a.safetensors", "b.safetensors", "diffusers")
    _ = try convert(folder, "b.safetensors", "c.safetensors", "comfy")
    #expect(!there.updates.isEmpty)
    for pair in [("c", "b"), ("b", "c")] {
      let outcome = try Program.run(
        "diff", folder["\(pair.0).safetensors"], folder["\(pair.1).safetensors"])
      #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    }
    let halves = try Program.run(
      "merge", folder["b.safetensors:0.5"], folder["c.safetensors:0.5"], "-o", folder["d"],
      "--quiet")
    #expect(halves.status == 0, "\(halves.errors)")
    let outcome = try Program.run("diff", folder["d"], folder["c.safetensors"])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }
}

extension FamilyConversionTests {
  /// An adapter in diffusers' names goes into a checkpoint in the original's, and out of it again.
  @Test(arguments: FamilyConversionTests.families)
  func adaptersAreBakedAndExtracted(model: BaseModel) throws {
    let original = try Original(model)
    let folder = try TemporaryFolder()
    var checkpoint = AdapterFile()
    for (index, (name, update)) in original.updates.sorted(by: { $0.key < $1.key }).enumerated() {
      checkpoint.add(
        String(name.dropFirst("diffusion_model.".count)) + ".weight",
        [update.rows, update.columns],
        uniform(update.elements.count, seed: UInt64(1000 + index)))
    }
    for (file, name) in [(original.file, "a"), (checkpoint, "m")] {
      try Data(file.bytes).write(to: URL(filePath: folder[name + ".safetensors"]))
    }
    _ = try convert(folder, "a.safetensors", "b.safetensors", "diffusers")
    let known = Set(
      original.family.layers.filter { $0.parts[.diffusers] != nil }.flatMap { layer in
        (layer.parts[.original] ?? []).map {
          "diffusion_model." + $0.pattern.path(in: original.family)
        }
      })
    func run(_ arguments: [String]) throws {
      let outcome = try Program.run(arguments.map { $0.contains(".st") ? folder[$0] : $0 })
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    func expectBaked(_ name: String, within tolerance: Double) throws {
      let baked = try AdapterFile(bytes: folder.bytes(name))
      #expect(Set(baked.tensors.keys) == Set(checkpoint.tensors.keys))
      for (name, update) in original.updates {
        let key = String(name.dropFirst("diffusion_model.".count)) + ".weight"
        guard let new = baked.values(key), let old = checkpoint.values(key) else { continue }
        let share: Double = known.contains(name) ? 1 : 0
        let errors = new.indices.map { abs(new[$0] - old[$0] - share * update.elements[$0]) }
        let error: Double = errors.max() ?? .infinity
        #expect(error < tolerance, "\(key)")
      }
    }
    for (file, name) in [("a", "a.st"), ("b", "b.st"), ("m", "m.st")] {
      try FileManager.default.moveItem(atPath: folder[file + ".safetensors"], toPath: folder[name])
    }
    try run(["merge", "b.st", "--into", "m.st", "-o", "o.st", "--quiet"])
    try expectBaked("o.st", within: 1e-5)
    try run(["diff", "o.st", "m.st", "--rank", "2", "--to", "diffusers", "-o", "x.st", "--quiet"])
    try run(["merge", "x.st", "--into", "m.st", "-o", "p.st", "--quiet"])
    try expectBaked("p.st", within: 1e-4)
  }
}

extension PathPattern {
  /// The path in one of the blocks: the first, and of Cosmos' the last, which Anima does not have.
  fileprivate func path(in family: Family) -> String {
    path(blocks: Array(repeating: family.model == .cosmos ? 35 : 0, count: blockCount))
  }
}

extension AdapterFile {
  /// A module of a rank under PEFT's suffixes.
  mutating func addFactors(
    _ name: String, _ outputs: Int, _ inputs: Int, rank: Int, type: String = "F32", seed: UInt64
  ) {
    add(
      name + ".lora_B.weight", [outputs, rank], uniform(outputs * rank, seed: seed), type: type)
    add(
      name + ".lora_A.weight", [rank, inputs], uniform(rank * inputs, seed: seed &+ 1), type: type)
  }
}

// MARK: - Checkpoints of the other division

@Suite struct DividedCheckpointTests {
  private static let width = 6

  /// Z-Image's attention, joined and apart.
  private func checkpoint(isJoined: Bool) -> AdapterFile {
    var file = AdapterFile()
    let width = Self.width
    if isJoined {
      file.add(
        "layers.0.attention.qkv.weight", [3 * width, width],
        uniform(3 * width * width, seed: 50))
      file.add("layers.0.attention.out.weight", [width, width], uniform(width * width, seed: 51))
    } else {
      let whole = uniform(3 * width * width, seed: 50)
      for (index, name) in ["to_q", "to_k", "to_v"].enumerated() {
        let rows = width * width
        file.add(
          "layers.0.attention.\(name).weight", [width, width],
          Array(whole[index * rows..<(index + 1) * rows]))
      }
      file.add(
        "layers.0.attention.to_out.0.weight", [width, width], uniform(width * width, seed: 51))
    }
    file.add("layers.0.feed_forward.w1.weight", [8, width], uniform(8 * width, seed: 52))
    return file
  }

  private func joined(_ file: AdapterFile) -> [Double] {
    file.values("layers.0.attention.qkv.weight")
      ?? ["to_q", "to_k", "to_v"].flatMap { file.values("layers.0.attention.\($0).weight") ?? [] }
  }

  @Test(arguments: [(true, false), (false, true), (true, true), (false, false)])
  func adaptersOfBothDivisionsAreBaked(isModelJoined: Bool, isAdapterJoined: Bool) throws {
    var adapter = AdapterFile()
    let width = Self.width
    if isAdapterJoined {
      adapter.addFactors(
        "diffusion_model.layers.0.attention.qkv", 3 * width, width, rank: 2, seed: 1)
    } else {
      for (index, name) in ["to_q", "to_k", "to_v"].enumerated() {
        adapter.addFactors(
          "transformer.layers.0.attention.\(name)", width, width, rank: 2, seed: UInt64(index) * 9)
      }
    }
    let asked =
      isAdapterJoined
      ? adapter.updates.values.first?.elements ?? []
      : ["to_q", "to_k", "to_v"].flatMap {
        adapter.updates["transformer.layers.0.attention.\($0)"]?.elements ?? []
      }
    let folder = try TemporaryFolder()
    let model = checkpoint(isJoined: isModelJoined)
    try Data(model.bytes).write(to: URL(filePath: folder["m.safetensors"]))
    try Data(adapter.bytes).write(to: URL(filePath: folder["a.safetensors"]))
    let outcome = try Program.run(
      "merge", folder["a.safetensors"], "--into", folder["m.safetensors"], "-o",
      folder["o.safetensors"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let result = try AdapterFile(bytes: folder.bytes("o.safetensors"))
    #expect(Set(result.tensors.keys) == Set(model.tensors.keys))
    for (new, (old, update)) in zip(joined(result), zip(joined(model), asked)) {
      #expect(abs(new - old - update) < 1e-6)
    }
  }
}

// MARK: - Algorithms that are no plain product

@Suite struct DividedAlgorithmTests {
  private func run(_ file: AdapterFile, to naming: String) throws -> (Program.Outcome, AdapterFile?)
  {
    let folder = try TemporaryFolder()
    try Data(file.bytes).write(to: URL(filePath: folder["a.safetensors"]))
    let outcome = try Program.run(
      "convert", folder["a.safetensors"], "--to", naming, "-o", folder["b.safetensors"])
    guard outcome.status == 0 else { return (outcome, nil) }
    return (outcome, try AdapterFile(bytes: folder.bytes("b.safetensors")))
  }

  private let joined = "lora_unet_layers_0_attention_qkv"

  /// A layer that Z-Image alone has: at these widths Lumina 2 has the attention's names too.
  private func addMark(to file: inout AdapterFile, _ name: String) {
    file.addFactors(name, 8, 5, rank: 2, seed: 77)
  }

  private func apart(_ letter: String) -> String {
    "lora_transformer_layers_0_attention_to_\(letter)"
  }

  /// A fused DoRA becomes three, and those one again: the same bytes.
  @Test func magnitudesGoWithTheirRows() throws {
    var file = AdapterFile()
    file.addModule(joined, 12, 5, rank: 2, alpha: 2, seed: 4)
    addMark(to: &file, "lora_unet_layers_0_adaLN_modulation_0")
    file.add(joined + ".dora_scale", [12, 1], uniform(12, seed: 9))
    let (outcome, there) = try run(file, to: "onetrainer")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let parts = try #require(there)
    #expect(
      "qkv".flatMap { parts.values(apart("\($0)") + ".dora_scale") ?? [] }
        == file.values(joined + ".dora_scale"))
    #expect(
      "qkv".flatMap { parts.values(apart("\($0)") + ".lora_up.weight") ?? [] }
        == file.values(joined + ".lora_up.weight"))
    let (_, back) = try run(parts, to: "comfy")
    let whole = try #require(back)
    let name = "diffusion_model.layers.0.attention.qkv"
    #expect(whole.values(name + ".dora_scale") == file.values(joined + ".dora_scale"))
    #expect(whole.tensors[name + ".lora_A.weight"]?.shape == [2, 5])
  }

  /// Of q alone, nobody knows the magnitudes of k and v.
  @Test func magnitudesOfSomeRowsAreRefused() throws {
    var file = AdapterFile()
    for letter in ["q", "k"] {
      file.addModule(apart(letter), 4, 5, rank: 2, alpha: 2, seed: 4)
      file.add(apart(letter) + ".dora_scale", [4, 1], uniform(4, seed: 9))
    }
    let (outcome, _) = try run(file, to: "comfy")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("DoRA of a layer that is divided otherwise there"))
    #expect(outcome.errors.contains(apart("q")) && outcome.errors.contains(apart("k")))
  }

  /// Three LoHas of different ranks and scales are one: each product of blocks is that of its rows.
  @Test func hadamardProductsStandSideBySide() throws {
    var file = AdapterFile()
    var wanted: [Double] = []
    for (index, letter) in ["q", "k", "v"].enumerated() {
      let (rank, seed) = (index + 1, UInt64(20 * index))
      var products: [Dense] = []
      for (number, half) in ["w1", "w2"].enumerated() {
        let (a, b) = (
          uniform(4 * rank, seed: seed + 2 * UInt64(number)),
          uniform(rank * 5, seed: seed + 2 * UInt64(number) + 1)
        )
        file.add("\(apart(letter)).hada_\(half)_a", [4, rank], a)
        file.add("\(apart(letter)).hada_\(half)_b", [rank, 5], b)
        products.append(
          Dense(4, rank, a.map { Double(Float($0)) }) * Dense(rank, 5, b.map { Double(Float($0)) }))
      }
      file.add(apart(letter) + ".alpha", [], [Double(index + 2)])
      wanted += zip(products[0].elements, products[1].elements).map {
        $0 * $1 * Double(index + 2) / Double(rank)
      }
    }
    let (outcome, result) = try run(file, to: "comfy")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let name = "diffusion_model.layers.0.attention.qkv"
    let halves = try ["w1", "w2"].map { half in
      try #require(result?.matrix("\(name).hada_\(half)_a"))
        * #require(result?.matrix("\(name).hada_\(half)_b"))
    }
    let alpha = try #require(result?.values(name + ".alpha")?.first)
    for (index, value) in wanted.enumerated() {
      let found = halves[0].elements[index] * halves[1].elements[index] * alpha / 6
      #expect(abs(found - value) <= 1e-6)
    }
  }

  /// A Kronecker product is cut where its first factor has a row, and refused elsewhere.
  @Test func kroneckerProductsAreCutBetweenRows() throws {
    var file = AdapterFile()
    file.add(joined + ".lokr_w1", [6, 1], uniform(6, seed: 1))
    file.add(joined + ".lokr_w2", [2, 5], uniform(10, seed: 2))
    addMark(to: &file, "lora_unet_layers_0_adaLN_modulation_0")
    let (outcome, there) = try run(file, to: "onetrainer")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      "qkv".flatMap { there?.values(apart("\($0)") + ".lokr_w1") ?? [] }
        == file.values(joined + ".lokr_w1"))
    var other = AdapterFile()
    other.add(joined + ".lokr_w1", [2, 1], uniform(2, seed: 1))
    other.add(joined + ".lokr_w2", [6, 5], uniform(30, seed: 2))
    addMark(to: &other, "lora_unet_layers_0_adaLN_modulation_0")
    let (refused, _) = try run(other, to: "onetrainer")
    #expect(refused.errors.contains("LoKr of a layer that is divided otherwise there"))
  }

  /// Low rank stays low: three modules of one down are one of the same rank.
  @Test func modulesOfOneDownKeepTheirRank() throws {
    var file = AdapterFile()
    file.addFactors("diffusion_model.layers.0.attention.qkv", 12, 5, rank: 2, seed: 3)
    addMark(to: &file, "diffusion_model.layers.0.adaLN_modulation.0")
    let (_, there) = try run(file, to: "diffusers")
    let parts = try #require(there)
    #expect(Set(parts.ranks.values) == [2] && parts.ranks.count == 4)
    let (_, back) = try run(parts, to: "comfy")
    #expect(back?.tensors == file.tensors)
  }

  /// A layer that no table has is kept under its naming, and refused under another.
  @Test func unknownLayersAreNamed() throws {
    var file = AdapterFile()
    file.addFactors("diffusion_model.layers.0.attention.qkv", 12, 5, rank: 2, seed: 3)
    addMark(to: &file, "diffusion_model.layers.0.adaLN_modulation.0")
    file.addFactors("diffusion_model.layers.0.new_thing", 12, 5, rank: 2, seed: 3)
    let (refused, _) = try run(file, to: "diffusers")
    #expect(refused.status == 1)
    #expect(
      refused.errors.contains(
        "diffusion_model.layers.0.new_thing (a layer that no table of z-image has)"))
    let (kept, same) = try run(file, to: "comfy")
    #expect(kept.status == 0 && same?.tensors == file.tensors)
  }

  @Test func readersAreSaid() throws {
    var file = AdapterFile()
    file.addFactors("diffusion_model.blocks.0.self_attn.q", 12, 5, rank: 2, seed: 3)
    let (outcome, _) = try run(file, to: "kohya")
    #expect(outcome.errors.contains("read by musubi-tuner, ComfyUI\n"))
  }
}
