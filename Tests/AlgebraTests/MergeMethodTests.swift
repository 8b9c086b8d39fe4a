import Adapters
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Merge

/// What the methods that drop elements leave, against PEFT's rules in plain loops.
@Suite struct MergeMethodTests {
  private static let module = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_k"

  private func inputs() -> [AdapterFile] {
    [(4, 1.0, UInt64(3)), (6, 6.0, UInt64(5)), (2, 4.0, UInt64(8))].map { rank, alpha, seed in
      var file = AdapterFile()
      file.addModule(Self.module, 14, 11, rank: rank, alpha: alpha, seed: seed)
      return file
    }
  }

  private func merged(_ method: String, density: Double, weights: [Double]) throws -> Dense {
    let folder = try TemporaryFolder()
    var arguments = ["merge"]
    for (index, file) in inputs().enumerated() {
      let path = try folder.write(file.bytes, to: "\(index).st")
      arguments.append("\(path):\(weights[index])")
    }
    try report(
      arguments + [
        "--method", method, "--density", "\(density)", "--rank", "11", "-o", folder["o.st"],
      ])
    let file = try AdapterFile(bytes: folder.bytes("o.st"))
    return try #require(file.updates[Self.module])
  }

  /// PEFT's `magnitude_based_pruning`.
  private func pruned(_ update: Dense, _ density: Double) -> Dense {
    let kept = Int(density * Double(update.elements.count))
    let order = update.elements.indices.sorted {
      abs(update.elements[$0]) > abs(update.elements[$1])
    }
    var result = Dense(update.rows, update.columns)
    for index in order.prefix(kept) { result.elements[index] = update.elements[index] }
    return result
  }

  static let densities = [0.1, 0.5, 0.77, 1]

  @Test(arguments: densities) func magnitudePruneIsTheSumOfTheLargest(density: Double) throws {
    let weights = [1.0, -0.5, 2]
    var expected = Dense(14, 11)
    for (file, weight) in zip(inputs(), weights) {
      let update = try #require(file.updates[Self.module])
      expected = expected + pruned(update, density).scaled(by: weight)
    }
    let result = try merged("magnitude-prune", density: density, weights: weights)
    expect(result.elements, approximates: expected.elements, within: 1e-6)
  }

  @Test(arguments: densities) func tiesIsTheMeanOfThoseThatAgree(density: Double) throws {
    let weights = [1.0, 0.7, 0.4]
    let updates = try inputs().map { pruned(try #require($0.updates[Self.module]), density) }
    var expected = Dense(14, 11)
    for index in expected.elements.indices {
      let total = updates.reduce(0) { $0 + $1.elements[index] }
      let elected: Double = total >= 0 ? 1 : -1
      let agreeing = zip(updates, weights).filter { update, _ in
        update.elements[index] != 0 && (update.elements[index] > 0) == (elected > 0)
      }
      expected.elements[index] =
        agreeing.reduce(0) { $0 + $1.0.elements[index] * $1.1 } / Double(max(agreeing.count, 1))
    }
    let result = try merged("ties", density: density, weights: weights)
    expect(result.elements, approximates: expected.elements, within: 1e-6)
  }

  @Test func dareKeepsAShareAndMakesUpForTheRest() {
    let update = Matrix(rows: 200, columns: 200, elements: uniform(40_000, seed: 1))
    let kept = keepingRandomly(update, density: 0.3, generator: Philox(seed: 5, stream: 1))
    let count = kept.elements.count { $0 != 0 }
    #expect(abs(Double(count) / 40_000 - 0.3) < 0.01)
    for (element, original) in zip(kept.elements, update.elements) where element != 0 {
      #expect(abs(element - original / 0.3) < 1e-12)
    }
  }

  /// Each element is what TIES makes of some choice of which inputs are kept there.
  @Test(arguments: [0.3, 0.7]) func dareTiesElectsAmongTheKept(density: Double) throws {
    let weights = [1.0, 0.7, 0.4]
    let updates = try inputs().map { try #require($0.updates[Self.module]) }
    let result = try merged("dare-ties", density: density, weights: weights)
    var kept = 0
    for (index, element) in result.elements.enumerated() {
      let choices = (0..<8).map { mask in
        let values = updates.indices.map {
          mask & (1 << $0) == 0 ? 0 : updates[$0].elements[index] / density
        }
        let sign: Double = values.reduce(0, +) >= 0 ? 1 : -1
        let agreeing = zip(values, weights).filter { $0.0 * sign > 0 }
        return agreeing.reduce(0) { $0 + $1.0 * $1.1 } / Double(max(agreeing.count, 1))
      }
      #expect(choices.contains { abs($0 - element) < 1e-5 })
      kept += abs(element) > 1e-5 ? 1 : 0
    }
    let none = pow(1 - density, 3) * Double(result.elements.count)
    #expect(abs(Double(result.elements.count - kept) - none) < 4 * none.squareRoot() + 6)
  }

  /// `merge_lora.py --concat`: sign(ratio) · ratio² · r / Σ r of each, under the first alpha.
  @Test func sdScriptsConcatenationHasItsStrength() throws {
    let folder = try TemporaryFolder()
    let weights = [0.7, -0.3, 1]
    var arguments = ["merge"]
    var expected = Dense(14, 11)
    for (index, file) in inputs().enumerated() {
      arguments.append(
        "\(try folder.write(file.bytes, to: "\(index).st")):\(weights[index])")
      let update = try #require(file.updates[Self.module])
      let rank = Double(try #require(file.ranks[Self.module]))
      let strength = (weights[index] < 0 ? -1 : 1) * weights[index] * weights[index] * rank / 12
      expected = expected + update.scaled(by: strength)
    }
    try report(arguments + ["--compat", "sd-scripts", "-o", folder["o.st"]])
    let file = try AdapterFile(bytes: folder.bytes("o.st"))
    expect(
      try #require(file.updates[Self.module]).elements, approximates: expected.elements,
      within: 1e-6)
    #expect(file.values(Self.module + ".alpha") == [1])
  }

  /// `sdxl_merge_lora.py`: block weights go into both factors, so that −1 counts as 1.
  @Test func sdScriptsSquaresBlockWeights() throws {
    let folder = try TemporaryFolder()
    let file = inputs()[0]
    let path = try folder.write(file.bytes, to: "a.st")
    try report([
      "merge", path, "--block-weights", "MID=-0.5", "--compat", "sd-scripts", "-o", folder["o.st"],
    ])
    let result = try AdapterFile(bytes: folder.bytes("o.st")).updates[Self.module]
    let expected = try #require(file.updates[Self.module]).scaled(by: 0.25)
    expect(try #require(result).elements, approximates: expected.elements, within: 1e-6)
  }

  @Test func sdScriptsSumCrosses() throws {
    let folder = try TemporaryFolder()
    let names = ["x.st", "y.st"]
    var (ups, downs) = ([Dense](), [Dense]())
    for (index, name) in names.enumerated() {
      var file = AdapterFile()
      file.addModule(Self.module, 6, 5, rank: 3, alpha: 3, seed: UInt64(40 + index))
      ups.append(try #require(file.matrix(Self.module + ".lora_up.weight")))
      downs.append(try #require(file.matrix(Self.module + ".lora_down.weight")))
      try folder.write(file.bytes, to: name)
    }
    let said = try report([
      "merge", "\(folder["x.st"]):0.5", "\(folder["y.st"]):-0.5", "--method", "linear", "--compat",
      "sd-scripts", "-o", folder["o.st"],
    ])
    let expected =
      (ups[0] + ups[1]).scaled(by: 0.5) * (downs[0] - downs[1]).scaled(by: 0.5)
    let result = try AdapterFile(bytes: folder.bytes("o.st")).updates[Self.module]
    expect(try #require(result).elements, approximates: expected.elements, within: 1e-6)
    #expect(try #require(said["relative_error"] as? Double) > 0.3, "the damage is reported")
  }

  static let ranks = [1, 2, 4, 16]

  @Test(arguments: ranks) func mixHidesRowsAndColumns(rank: Int) throws {
    let folder = try TemporaryFolder()
    var sources: [AdapterFile] = []
    for seed in [1, 2] as [UInt64] {
      var file = AdapterFile()
      file.addModule(Self.module, 60, 50, rank: rank, alpha: 1, seed: 20 * seed)
      try folder.write(file.bytes, to: "\(seed).st")
      sources.append(file)
    }
    var files: [[UInt8]] = []
    for seed in [7, 7, 8] {
      try report([
        "merge", folder["1.st"], "\(folder["2.st"]):-1", "--mix", "\(seed)", "-o", folder["o.st"],
      ])
      files.append(try folder.bytes("o.st"))
    }
    let written = try files.map { try AdapterFile(bytes: $0) }
    #expect(written[0].tensors == written[1].tensors && written[0].tensors != written[2].tensors)
    let update = try #require(written[0].updates[Self.module])
    let asked =
      try #require(sources[0].updates[Self.module])
      - (try #require(sources[1].updates[Self.module]))
    #expect((update - asked).norm < 1e-6 * asked.norm)
    for source in sources {
      #expect(try likeness(written[0], source, ".lora_down.weight", transposed: false) < 0.95)
      #expect(try likeness(written[0], source, ".lora_up.weight", transposed: true) < 0.95)
    }
  }

  /// The largest cosine between a row of the one and a row of the other.
  private func likeness(
    _ a: AdapterFile, _ b: AdapterFile, _ suffix: String, transposed: Bool
  ) throws -> Double {
    let matrices = try [a, b].map { file in
      let matrix = try #require(file.matrix(Self.module + suffix))
      return transposed ? matrix.transposed : matrix
    }
    func row(_ matrix: Dense, _ i: Int) -> Dense {
      Dense(
        1, matrix.columns,
        Array(matrix.elements[i * matrix.columns..<(i + 1) * matrix.columns]))
    }
    var largest = 0.0
    for i in 0..<matrices[0].rows {
      for j in 0..<matrices[1].rows {
        let (x, y) = (row(matrices[0], i), row(matrices[1], j))
        largest = max(largest, abs((x * y.transposed)[0, 0]) / (x.norm * y.norm))
      }
    }
    return largest
  }
}
