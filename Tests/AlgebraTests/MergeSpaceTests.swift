import Foundation
import Tensors
import TestSupport
import Testing

@testable import Merge

/// Rules for elements on updates and in core space, against plain loops.
@Suite struct MergeSpaceTests {
  private static let module = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_k"
  private static let weights = [1.0, 0.7, -0.4]
  static let shapes = [(14, 11), (5, 23), (30, 4), (3, 3), (1, 7)]

  private func files(_ outputs: Int, _ inputs: Int) -> [AdapterFile] {
    [(4, 1.0, UInt64(3)), (2, 6.0, UInt64(5)), (1, 4.0, UInt64(8))].map { rank, alpha, seed in
      var file = AdapterFile()
      file.addModule(Self.module, outputs, inputs, rank: rank, alpha: alpha, seed: seed)
      return file
    }
  }

  private func merged(
    _ files: [AdapterFile], _ options: [String]
  ) throws -> (update: Dense, rank: Int, bytes: [UInt8]) {
    let folder = try TemporaryFolder()
    let paths = try files.enumerated().map { index, file in
      "\(try folder.write(file.bytes, to: "\(index).st")):\(Self.weights[index])"
    }
    try report(["merge"] + paths + options + ["-o", folder["o.st"]])
    let bytes = try folder.bytes("o.st")
    let result = try AdapterFile(bytes: bytes)
    return (
      try #require(result.updates[Self.module]), try #require(result.ranks[Self.module]), bytes
    )
  }

  /// The singular vectors of all ups, scaled by alpha, and of all downs; the updates between them.
  private func core(
    _ files: [AdapterFile]
  ) throws -> (left: Dense, right: Dense, parts: [Dense]) {
    let ups = try files.map { file -> Dense in
      let up = try #require(file.matrix(Self.module + ".lora_up.weight"))
      let alpha = try #require(file.values(Self.module + ".alpha")?.first)
      return up.scaled(by: alpha / Double(up.columns))
    }
    let downs = try files.map { try #require($0.matrix(Self.module + ".lora_down.weight")) }
    let left = Dense.joiningColumns(ups).decomposition.significant().left
    let right = Dense.joiningRows(downs).decomposition.significant().right
    return (left, right, zip(ups, downs).map { left.transposed * $0 * ($1 * right.transposed) })
  }

  private func pruned(_ part: Dense, _ density: Double) -> Dense {
    let kept = Int(density * Double(part.elements.count))
    let order = part.elements.indices.sorted { abs(part.elements[$0]) > abs(part.elements[$1]) }
    var result = Dense(part.rows, part.columns)
    for index in order.prefix(kept) { result.elements[index] = part.elements[index] }
    return result
  }

  @Test(arguments: shapes, [0.3, 0.8])
  func tiesInCoreSpace(_ shape: (Int, Int), density: Double) throws {
    let files = files(shape.0, shape.1)
    let (left, right, parts) = try core(files)
    let kept = parts.map { pruned($0, density) }
    var expected = Dense(parts[0].rows, parts[0].columns)
    for index in expected.elements.indices {
      let sign: Double = kept.reduce(0) { $0 + $1.elements[index] } >= 0 ? 1 : -1
      let agreeing = zip(kept, Self.weights).filter { $0.0.elements[index] * sign > 0 }
      expected.elements[index] =
        agreeing.reduce(0) { $0 + $1.0.elements[index] * $1.1 } / Double(max(agreeing.count, 1))
    }
    let result = try merged(
      files, ["--method", "ties", "--space", "core", "--density", "\(density)"])
    let whole = left * expected * right
    #expect((result.update - whole).norm <= 1e-5 * whole.norm)
    #expect(result.rank == min(7, shape.0, shape.1))
  }

  @Test(arguments: shapes) func magnitudePruneInCoreSpace(_ shape: (Int, Int)) throws {
    let files = files(shape.0, shape.1)
    let (left, right, parts) = try core(files)
    var expected = Dense(parts[0].rows, parts[0].columns)
    for (part, weight) in zip(parts, Self.weights) {
      expected = expected + pruned(part, 0.5).scaled(by: weight)
    }
    let result = try merged(files, ["--method", "magnitude-prune", "--space", "core"])
    let whole = left * expected * right
    #expect((result.update - whole).norm <= 1e-5 * whole.norm)
  }

  /// Where nothing is dropped, a sum is the sum in either space.
  @Test(arguments: ["dare", "della-linear", "magnitude-prune"], shapes)
  func nothingIsLostInCoreSpace(method: String, _ shape: (Int, Int)) throws {
    let files = files(shape.0, shape.1)
    let sum = try zip(files, Self.weights)
      .map { try #require($0.updates[Self.module]).scaled(by: $1) }
      .reduce(Dense(shape.0, shape.1), +)
    let result = try merged(files, ["--method", method, "--space", "core", "--density", "1"])
    #expect((result.update - sum).norm <= 1e-6 * sum.norm)
  }

  /// Of DELLA without drops, and of TIES, the mean of those that agree is left.
  @Test func dellaWithoutDropsIsTIES() throws {
    let files = files(14, 11)
    let options = ["--density", "1", "--rank", "11"]
    let ties = try merged(files, ["--method", "ties"] + options).update
    let della = try merged(files, ["--method", "della"] + options).update
    expect(della.elements, approximates: ties.elements, within: 1e-6)
  }

  @Test(arguments: ["full", "core"], ["dare", "della", "della-linear"])
  func theSeedDecides(space: String, method: String) throws {
    let files = files(14, 11)
    func tensors(_ seed: Int, _ threads: Int) throws -> [String: AdapterFile.Tensor] {
      let options = ["--method", method, "--space", space, "--rank", "3"]
      let bytes = try merged(
        files, options + ["--seed", "\(seed)", "--threads", "\(threads)"]
      ).bytes
      return try AdapterFile(bytes: bytes).tensors
    }
    let first = try tensors(1, 1)
    let again = try tensors(1, 2)
    let other = try tensors(2, 1)
    #expect(first == again)
    #expect(first != other)
  }

  /// The chance to be kept rises evenly with the place in the row, and magnitudes' sum stays.
  @Test(arguments: [(0.5, 0.15), (0.3, 0.29), (0.8, 0)])
  func dellaKeepsByMagnitude(_ known: (density: Double, epsilon: Double)) {
    let (rows, columns) = (20_000, 5)
    let update = Matrix(
      rows: rows, columns: columns, elements: uniform(rows * columns, seed: 1))
    let kept = keepingByMagnitude(
      update, density: known.density, epsilon: known.epsilon,
      generator: Philox(seed: 5, stream: 1))
    var counts = [Int](repeating: 0, count: columns)
    for row in 0..<rows {
      let order = (0..<columns).sorted { abs(update[row, $0]) < abs(update[row, $1]) }
      for (place, column) in order.enumerated() where kept[row, column] != 0 { counts[place] += 1 }
    }
    for (place, count) in counts.enumerated() {
      let chance =
        known.density - known.epsilon + 2 * known.epsilon * Double(place) / Double(columns - 1)
      let share = Double(count) / Double(rows)
      #expect(abs(share - chance) < 0.015)
    }
    let sums = [kept, update].map { $0.elements.reduce(0.0) { $0 + abs($1) } }
    #expect(abs(sums[0] - sums[1]) < 1e-9 * sums[1])
    let factors = Set(
      zip(kept.elements, update.elements).filter { $0.0 != 0 }
        .map { (1e9 * $0.0 / $0.1).rounded() })
    #expect(factors.count == 1, "all that is kept has one factor")
  }

  @Test func dellaOfOneColumnAndOfZeros() {
    let column = Matrix(rows: 4000, columns: 1, elements: uniform(4000, seed: 2))
    let kept = keepingByMagnitude(
      column, density: 0.5, epsilon: 0.2, generator: Philox(seed: 1, stream: 1))
    let count = kept.elements.count { $0 != 0 }
    #expect(abs(count - 2000) < 150)
    let zeros = Matrix(zeros: 3, 4)
    let none = keepingByMagnitude(
      zeros, density: 0.5, epsilon: 0.2, generator: Philox(seed: 1, stream: 1))
    #expect(none == zeros)
  }
}
