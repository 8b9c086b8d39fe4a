import Foundation
import Tensors
import TestSupport
import Testing

@testable import Merge

/// Methods that form no update, against their papers' formulas on whole updates in plain loops.
@Suite struct FactoredMethodTests {
  private static let module = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_k"

  /// Extents of a layer, and the ranks of the files.
  static let cases: [(outputs: Int, inputs: Int, ranks: [Int])] = [
    (14, 11, [2, 3]), (9, 17, [3, 1, 2]), (7, 7, [1, 1]), (12, 5, [2, 2]), (1, 6, [1, 1]),
    (6, 1, [1, 1]), (13, 12, [4]),
  ]

  private static let weights = [1.0, -0.6, 1.7]

  private func merged(
    _ updates: [AdapterFile], _ options: [String], weights: [Double] = weights
  ) throws -> (update: Dense, rank: Int, said: [String: Any]) {
    let folder = try TemporaryFolder()
    let files = try updates.enumerated().map { index, file in
      "\(try folder.write(file.bytes, to: "\(index).st")):\(weights[index])"
    }
    let said = try report(["merge"] + files + options + ["-o", folder["o.st"]])
    let result = try AdapterFile(bytes: folder.bytes("o.st"))
    return (
      try #require(result.updates[Self.module]), try #require(result.ranks[Self.module]), said
    )
  }

  private func files(_ known: (outputs: Int, inputs: Int, ranks: [Int])) -> [AdapterFile] {
    known.ranks.enumerated().map { index, rank in
      var file = AdapterFile()
      file.addModule(
        Self.module, known.outputs, known.inputs, rank: rank, alpha: Double(index + 1),
        seed: UInt64(31 * index + rank))
      return file
    }
  }

  private func updates(_ files: [AdapterFile]) throws -> [Dense] {
    try files.map { try #require($0.updates[Self.module]) }
  }

  @Test(arguments: cases)
  func isoCIsTheSumWithOneSingularValue(_ known: (outputs: Int, inputs: Int, ranks: [Int])) throws {
    let files = files(known)
    let sum = zip(try updates(files), Self.weights).map { $0.scaled(by: $1) }
      .reduce(Dense(known.outputs, known.inputs), +)
    let parts = sum.decomposition.significant()
    let mean = parts.values.reduce(0, +) / Double(parts.values.count)
    let result = try merged(files, ["--method", "iso-c"])
    expect(
      result.update.elements, approximates: (parts.left * parts.right).scaled(by: mean).elements,
      within: 1e-5)
    #expect(result.rank == min(known.ranks.reduce(0, +), known.outputs, known.inputs))
  }

  private func tsvM(_ updates: [Dense], _ weights: [Double]) -> Dense {
    let room = max(1, min(updates[0].rows, updates[0].columns) / updates.count)
    let triples = updates.map { $0.decomposition.significant(room) }
    func nearest(_ matrix: Dense) -> Dense {
      let parts = matrix.decomposition.significant()
      return parts.left * parts.right
    }
    let values = zip(triples, weights).flatMap { part, weight in part.values.map { $0 * weight } }
    return nearest(.joiningColumns(triples.map(\.left))) * Dense.diagonal(values)
      * nearest(.joiningRows(triples.map(\.right)))
  }

  @Test(arguments: cases)
  func tsvMTurnsDirectionsApart(_ known: (outputs: Int, inputs: Int, ranks: [Int])) throws {
    let files = files(known)
    let result = try merged(files, ["--method", "tsv-m"])
    expect(
      result.update.elements, approximates: tsvM(try updates(files), Self.weights).elements,
      within: 1e-5)
    #expect(result.rank <= min(known.ranks.reduce(0, +), known.outputs, known.inputs))
  }

  /// Directions that are shared whole stay what they are.
  @Test func tsvMOfOneUpdateTwiceIsTheUpdate() throws {
    let file = files((14, 11, [3]))[0]
    let result = try merged([file, file], ["--method", "tsv-m"], weights: [1, 1])
    expect(
      result.update.elements,
      approximates: try #require(file.updates[Self.module]).elements, within: 1e-5)
  }

  private func ties(_ parts: [Dense], _ weights: [Double], _ density: Double) -> Dense {
    let pruned = parts.map { part -> Dense in
      let kept = Int(density * Double(part.elements.count))
      let order = part.elements.indices.sorted { abs(part.elements[$0]) > abs(part.elements[$1]) }
      var result = Dense(part.rows, part.columns)
      for index in order.prefix(kept) { result.elements[index] = part.elements[index] }
      return result
    }
    var merged = Dense(parts[0].rows, parts[0].columns)
    for index in merged.elements.indices {
      let sign: Double = pruned.reduce(0) { $0 + $1.elements[index] } >= 0 ? 1 : -1
      let agreeing = zip(pruned, weights).filter { $0.0.elements[index] * sign > 0 }
      merged.elements[index] =
        agreeing.reduce(0) { $0 + $1.0.elements[index] * $1.1 } / Double(max(agreeing.count, 1))
    }
    return merged
  }

  @Test(arguments: cases, [0.4, 1])
  func knotsIsTIESOnSharedDirections(
    _ known: (outputs: Int, inputs: Int, ranks: [Int]), density: Double
  ) throws {
    let files = files(known)
    let whole = Dense.joiningColumns(try updates(files)).decomposition.significant()
    let parts = known.ranks.indices.map {
      whole.right.columns($0 * known.inputs..<($0 + 1) * known.inputs)
    }
    let expected =
      whole.left * Dense.diagonal(whole.values) * ties(parts, Self.weights, density)
    let result = try merged(files, ["--method", "knots", "--density", "\(density)"])
    expect(result.update.elements, approximates: expected.elements, within: 1e-5)
    #expect(result.rank <= min(known.ranks.reduce(0, +), known.outputs, known.inputs))
  }

  static let angles = [0.0, 0.25, 0.5, 1]

  @Test(arguments: cases.filter { $0.ranks.count == 2 }, angles)
  func slerpTurnsEvenly(
    _ known: (outputs: Int, inputs: Int, ranks: [Int]), t: Double
  ) throws {
    let files = files(known)
    let (a, b) = (
      try updates(files)[0].scaled(by: Self.weights[0]),
      try updates(files)[1].scaled(by: Self.weights[1])
    )
    let cosine = a.dot(b) / (a.norm * b.norm)
    let angle = acos(cosine)
    let factors =
      abs(cosine) > 0.9995
      ? (1 - t, t) : (sin((1 - t) * angle) / sin(angle), sin(t * angle) / sin(angle))
    let expected = a.scaled(by: factors.0) + b.scaled(by: factors.1)
    let result = try merged(files, ["--method", "slerp", "--t", "\(t)"])
    expect(result.update.elements, approximates: expected.elements, within: 1e-6)
    #expect(result.said["verdict"] as? String ?? "" != "", "it has a verdict")
  }

  /// Equally long updates stay so, at every place between them.
  @Test func slerpKeepsTheLength() throws {
    let files = files((14, 11, [2, 3]))
    let norms = try updates(files).map(\.norm)
    let result = try merged(
      files, ["--method", "slerp", "--t", "0.37"], weights: [1 / norms[0], 1 / norms[1]])
    #expect(abs(result.update.norm - 1) < 1e-6)
  }

  @Test func slerpOfAMissingLayerIsLinear() throws {
    let folder = try TemporaryFolder()
    let file = files((14, 11, [2]))[0]
    var other = AdapterFile()
    other.addModule("lora_unet_conv_in", 5, 4, rank: 1, seed: 9)
    try folder.write(file.bytes, to: "a.st")
    try folder.write(other.bytes, to: "b.st")
    try report([
      "merge", folder["a.st"], folder["b.st"], "--method", "slerp", "--t", "0.25", "-o",
      folder["o.st"],
    ])
    let result = try AdapterFile(bytes: folder.bytes("o.st")).updates
    for (updates, name, share) in [
      (file.updates, Self.module, 0.75), (other.updates, "lora_unet_conv_in", 0.25),
    ] {
      expect(
        try #require(result[name]).elements,
        approximates: try #require(updates[name]).scaled(by: share).elements, within: 1e-6)
    }
  }

  static let methods = ["iso-c", "tsv-m", "knots", "slerp"]

  /// A rank that is asked for is the best approximation of the method's own result.
  @Test(arguments: methods) func ranksReduceTheResult(method: String) throws {
    let files = files((14, 11, [3, 4]))
    let whole = try merged(files, ["--method", method]).update
    let reduced = try merged(files, ["--method", method, "--rank", "2"])
    let parts = whole.decomposition.significant(2)
    #expect(reduced.rank == 2)
    let best = parts.left * Dense.diagonal(parts.values) * parts.right
    let (error, least) = ((whole - reduced.update).norm, (whole - best).norm)
    #expect(abs(error - least) <= 1e-4 * least)
    let ruled = try merged(files, ["--method", method, "--sv-fro", "0.9"])
    #expect(ruled.update.norm >= 0.9 * whole.norm * (1 - 1e-6))
  }

  @Test(arguments: methods) func anUpdateOfZerosAddsNothing(method: String) throws {
    var zero = AdapterFile()
    zero.add(Self.module + ".lora_up.weight", [14, 2], Array(repeating: 0, count: 28))
    zero.add(Self.module + ".lora_down.weight", [2, 11], uniform(22, seed: 3))
    let both = try merged([zero, zero], ["--method", method], weights: [1, 1])
    #expect(both.update.norm == 0)
    let file = files((14, 11, [2]))[0]
    let update = try #require(file.updates[Self.module])
    let one = try merged([file, zero], ["--method", method], weights: [1, 1]).update
    if method == "tsv-m" {
      expect(one.elements, approximates: update.elements, within: 1e-5)
    } else {
      #expect(one.norm.isFinite)
    }
  }

  @Test(arguments: methods + ["della"]) func notANumberIsRefused(method: String) throws {
    let folder = try TemporaryFolder()
    var file = files((14, 11, [2]))[0]
    try folder.write(file.bytes, to: "a.st")
    var values = uniform(28, seed: 4)
    values[5] = .nan
    file.add(Self.module + ".lora_up.weight", [14, 2], values)
    try folder.write(file.bytes, to: "b.st")
    let space = method == "della" ? ["--space", "core"] : []
    let outcome = try Program.run(
      ["merge", folder["a.st"], folder["b.st"], "--method", method, "-o", folder["o.st"]] + space)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("b.st: \(Self.module)"), "\(outcome.errors)")
    #expect(try folder.names() == ["a.st", "b.st"])
  }

  /// Convolutions, LoHa, LoKr and Tucker go through their exact updates.
  @Test(arguments: Storage.allCases, ["iso-c", "tsv-m"])
  func everyAlgorithmHasAnUpdate(storage: Storage, method: String) throws {
    var (first, second) = (AdapterFile(), AdapterFile())
    let name = Self.module
    let a = first.addModule(
      name, 6, 4, kernel: [3, 3], storage: storage, rank: 2, alpha: 1, type: "F32", seed: 5)
    second.addModule(name, 6, 4, kernel: [3, 3], rank: 2, alpha: 2, seed: 6)
    let b = try #require(second.updates[name])
    let result = try merged([first, second], ["--method", method], weights: [1, 0.5]).update
    let expected: Dense
    if method == "tsv-m" {
      expected = tsvM([a, b], [1, 0.5])
    } else {
      let parts = (a + b.scaled(by: 0.5)).decomposition.significant()
      let mean = parts.values.reduce(0, +) / Double(parts.values.count)
      expected = (parts.left * parts.right).scaled(by: mean)
    }
    expect(result.elements, approximates: expected.elements, within: 1e-4)
  }
}
