import LinearAlgebra
import TestSupport
import Testing

@testable import Resize

@Suite struct ResizeTests {
  private static let module =
    "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
  private static let spectrum = [10, 8, 5, 4, 2, 1, 0.5, 0.1]

  /// Rules, spectra, and the smallest rank that fulfils each: ties, zeros, noise.
  static let rules: [(RankRule, [Double], Int)] = [
    (.fixed(3), spectrum, 3), (.fixed(20), spectrum, 8), (.ratio(5), spectrum, 5),
    (.ratio(1), [3, 3, 2], 2), (.ratio(10), [1, 0.1, 0.1 - 1e-9], 2),
    (.frobenius(0.9), spectrum, 3), (.cumulative(0.9), spectrum, 5),
    (.cumulative(1), [4, 3, 2, 1, 1e-13, 1e-14], 4), (.frobenius(1), [4, 3, 2, 1, 3e-12], 4),
    (.ratio(1e20), [4, 3, 1e-13], 2), (.cumulative(0.5), [1, 1], 1),
    (.cumulative(0.7), [0, 0, 0], 1), (.ratio(2), [0], 1), (.frobenius(0.5), [7], 1),
    (.cumulative(1), [1, 1e-11], 2),
  ]

  @Test(arguments: rules) func ruleIsExact(rule: RankRule, values: [Double], rank: Int) {
    #expect(rule.rank(for: values) == rank)
  }

  /// What resize_lora.py of February 2026 was seen to choose, and its limits.
  static let sdScripts: [(RankRule, [Double], Int, Int)] = [
    (.ratio(5), spectrum, 8, 5), (.frobenius(0.9), spectrum, 8, 4),
    (.cumulative(0.9), spectrum, 8, 6), (.ratio(5), [3], 8, 2), (.ratio(5), [1e-7, 1e-8], 8, 1),
    (.cumulative(0.999), spectrum, 8, 8), (.ratio(1), [3, 3, 3], 3, 2),
  ]

  @Test(arguments: sdScripts)
  func sdScriptsTakesOneMore(rule: RankRule, values: [Double], count: Int, rank: Int) {
    #expect(SDScriptsResizing.rank(for: values, of: count, rule) == rank)
  }

  /// The best ranks for a budget of elements, by trying all.
  @Test(arguments: [60, 90, 130, 200, 400]) func budgetIsWithinOneStepOfTheBest(elements: Int)
    throws
  {
    let modules: [(cost: Int, values: [Double])] = [
      (10, [5, 3, 2, 0.1]), (10, [4, 4, 1]), (25, [9, 6, 1, 0.5]),
    ]
    let budget = try #require(Budget(modules, elements: elements))
    func spent(_ ranks: [Int]) -> Int { zip(modules, ranks).reduce(0) { $0 + $1.0.cost * $1.1 } }
    func lost(_ ranks: [Int]) -> Double {
      zip(modules, ranks).reduce(0) { sum, pair in
        sum + pair.0.values.dropFirst(pair.1).reduce(0) { $0 + $1 * $1 }
      }
    }
    #expect(spent(budget.ranks) <= elements)
    var best = Double.infinity
    for i in 1...4 {
      for j in 1...3 {
        for k in 1...4 where spent([i, j, k]) <= elements { best = min(best, lost([i, j, k])) }
      }
    }
    // Whole ranks do not always fill a budget: what one more would have kept is the slack.
    let steps = zip(modules, budget.ranks).map { $0.0.values.dropFirst($0.1).first ?? 0 }
    #expect(lost(budget.ranks) <= best + (steps.map { $0 * $0 }.max() ?? 0))
  }

  @Test func tooSmallABudgetIsNone() {
    #expect(Budget([(cost: 10, values: [1])], elements: 9) == nil)
  }

  private func adapter(
    rank: Int, alpha: Double? = 4, type: String = "F32", decay: Double = 0.8, count: Int = 1
  ) -> AdapterFile {
    var file = AdapterFile()
    for index in 0..<count {
      let name = Self.module.replacing(
        "blocks_0_attentions_0", with: "blocks_\(index / 2)_attentions_\(index % 2)")
      file.addModule(
        name, 30 + 10 * index, 24, rank: rank, alpha: alpha, type: type, seed: UInt64(index + 1),
        decay: decay)
    }
    return file
  }

  @Test func growingKeepsTheBits() throws {
    let folder = try TemporaryFolder()
    let file = adapter(rank: 3, alpha: 6)
    let path = try folder.write(file.bytes, to: "a.st")
    let said = try report(["resize", path, "--rank", "8", "-o", folder["o.st"]])
    #expect(said["relative_error"] as? Double == 0)
    let grown = try AdapterFile(bytes: folder.bytes("o.st"))
    #expect(grown.ranks == [Self.module: 8] && grown.updates == file.updates)
    #expect(grown.values(Self.module + ".alpha") == [16])
    let down = try #require(grown.tensors[Self.module + ".lora_down.weight"]).bytes
    #expect(down.starts(with: try #require(file.tensors[Self.module + ".lora_down.weight"]).bytes))
  }

  @Test(arguments: [1, 3, 7, 12]) func scaleIsKept(rank: Int) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(adapter(rank: 12).bytes, to: "a.st")
    try report(["resize", path, "--rank", "\(rank)", "-o", folder["o.st"]])
    let alpha = try #require(
      AdapterFile(bytes: folder.bytes("o.st")).values(Self.module + ".alpha"))
    #expect(abs(alpha[0] / Double(rank) - 4.0 / 12) < 1e-7)
  }

  @Test func zeroModuleHasRankOne() throws {
    let folder = try TemporaryFolder()
    var file = adapter(rank: 4, count: 2)
    file.add(Self.module + ".lora_up.weight", [30, 4], Array(repeating: 0, count: 120))
    let path = try folder.write(file.bytes, to: "a.st")
    let said = try report(["resize", path, "--sv-fro", "0.9", "--modules", "-o", folder["o.st"]])
    #expect(try #require(said["relative_error"] as? Double).isFinite)
    #expect(try AdapterFile(bytes: folder.bytes("o.st")).ranks[Self.module] == 1)
  }

  @Test func bytesAreCountedExactlyAndSpent() throws {
    let folder = try TemporaryFolder()
    let file = adapter(rank: 16, decay: 0.9, count: 6)
    let path = try folder.write(file.bytes, to: "a.st")
    for share in [0.3, 0.5, 0.8] {
      let budget = Int(share * Double(file.bytes.count))
      let said = try report(["resize", path, "--bytes", "\(budget)", "-o", folder["o.st"]])
      let count = try folder.bytes("o.st").count
      #expect(count <= budget && Double(count) >= 0.95 * Double(budget), "\(count) of \(budget)")
      #expect((said["output"] as? [String: Any])?["bytes"] as? Int == count)
    }
  }

  @Test func wideKernelsAloneHaveTheirOwnRank() throws {
    let folder = try TemporaryFolder()
    var file = AdapterFile()
    let names = ["proj_in", "to_q", "conv1"].map {
      "lora_unet_down_blocks_0_\($0 == "conv1" ? "resnets" : "attentions")_0_\($0)"
    }
    for (name, kernel) in zip(names, [[1, 1], [], [3, 3]]) {
      file.addModule(name, 20, 12, kernel: kernel, rank: 8, seed: 5)
    }
    let path = try folder.write(file.bytes, to: "a.st")
    let options = ["resize", path, "--rank", "5", "--conv-rank", "2", "-o", folder["o.st"]]
    try report(options)
    var ranks = try AdapterFile(bytes: folder.bytes("o.st")).ranks
    #expect(names.map { ranks[$0] } == [5, 5, 2])
    try report(options + ["--compat", "sd-scripts"])
    ranks = try AdapterFile(bytes: folder.bytes("o.st")).ranks
    #expect(names.map { ranks[$0] } == [2, 5, 2], "it takes 1 × 1 for wide")
  }

  /// A layer that is thinner than the rank asked for: `conv_out` of every LoCon, a layer of one
  /// output, one whose rank is to grow.
  @Test(arguments: [
    ("lora_unet_conv_out", 4, [3, 3], 16, 4), ("lora_te_x", 1, [], 12, 1),
    ("lora_unet_mid_block_attentions_0_proj_out", 5, [1, 1], 2, 5),
  ])
  func thinLayersHaveTheRankOfTheirSize(
    name: String, outputs: Int, kernel: [Int], rank: Int, most: Int
  ) throws {
    let folder = try TemporaryFolder()
    var file = AdapterFile()
    file.addModule(Self.module, 20, 24, rank: 16, alpha: 8, seed: 1)
    file.addModule(name, outputs, 32, kernel: kernel, rank: rank, alpha: 8, seed: 3)
    let path = try folder.write(file.bytes, to: "a.st")
    let values = try #require(file.updates[Self.module]).singularValues
    let lost = values.dropFirst(8).reduce(0) { $0 + $1 * $1 }
    let norm = file.updates.values.reduce(0) { $0 + $1.norm * $1.norm }
    for command in [
      ["resize", path, "--rank", "8"], ["resize", path, "--rank", "8", "--compat", "sd-scripts"],
      ["merge", path, "--method", "svd", "--rank", "8"],
    ] {
      let isMerge = command[0] == "merge"
      if isMerge && rank < most { continue }  // A sum has no rank above its own.
      let said = try report(command + ["-o", folder["o.st"]])
      let result = try AdapterFile(bytes: folder.bytes("o.st"))
      #expect(result.ranks == [Self.module: 8, name: most])
      let exact = try #require(file.updates[name])
      expect(
        try #require(result.updates[name]).elements, approximates: exact.elements, within: 1e-6)
      let error = try #require(said["relative_error"] as? Double)
      #expect(abs(error * error * norm - lost) <= 1e-5 * lost)
      #expect((said["capped"] as? [String: Int])?.values.map { $0 } == [most])
      let errors = try Program.run(command + ["-o", folder["o.st"]]).errors
      #expect(errors.contains("rank limited by the layer's shape: 1 layer ("), "\(errors)")
      #expect(errors.contains(" at rank \(most))"))
    }
    let within = try report(["resize", path, "--rank", "1", "-o", folder["o.st"]])
    #expect(within["capped"] == nil)
  }

  /// alpha / L · √(L / b), as in training.
  @Test func dyloraSliceHasItsStrength() throws {
    let folder = try TemporaryFolder()
    let file = adapter(rank: 8, alpha: 8)
    let path = try folder.write(file.bytes, to: "a.st")
    try report(["resize", path, "--rank", "2", "--dylora", "-o", folder["o.st"]])
    let result = try AdapterFile(bytes: folder.bytes("o.st"))
    let (up, down) = (
      try #require(file.matrix(Self.module + ".lora_up.weight")),
      try #require(file.matrix(Self.module + ".lora_down.weight"))
    )
    var expected = Dense(up.rows, down.columns)
    for i in 0..<up.rows {
      for j in 0..<down.columns {
        for k in 0..<2 { expected[i, j] += 2 * up[i, k] * down[k, j] }
      }
    }
    expect(
      try #require(result.updates[Self.module]).elements, approximates: expected.elements,
      within: 1e-6)
  }
}
