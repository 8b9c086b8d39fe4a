import Foundation
import TestSupport
import Testing

/// Sums of adapters of every shape, rank and type, against matrices in plain loops.
@Suite struct MergeExactnessTests {
  struct Case: CustomTestStringConvertible {
    let outputs: Int
    let inputs: Int
    let kernel: [Int]
    let ranks: [Int]
    let alphas: [Double?]
    let types: [String]

    var testDescription: String { "\(outputs)×\(inputs)\(kernel) ranks \(ranks)" }
  }

  /// Ranks 1 to 40, tall, wide, square, both kinds of convolutions, types mixed.
  static let cases: [Case] = [
    Case(
      outputs: 48, inputs: 16, kernel: [], ranks: [1, 1], alphas: [1, 1], types: ["F32", "F32"]),
    Case(
      outputs: 7, inputs: 31, kernel: [], ranks: [3, 5], alphas: [1, 8], types: ["F16", "F32"]),
    Case(
      outputs: 40, inputs: 40, kernel: [], ranks: [40, 2], alphas: [nil, 0.5],
      types: ["F16", "BF16"]),
    Case(
      outputs: 12, inputs: 10, kernel: [3, 3], ranks: [4, 9], alphas: [2, 3],
      types: ["F32", "F16"]),
    Case(
      outputs: 16, inputs: 24, kernel: [1, 1], ranks: [8, 16], alphas: [8, 4],
      types: ["F32", "F32"]),
    Case(
      outputs: 9, inputs: 64, kernel: [], ranks: [13, 27], alphas: [7, 11], types: ["BF16", "BF16"]),
    Case(
      outputs: 1, inputs: 5, kernel: [], ranks: [2, 3], alphas: [1, nil], types: ["F32", "F32"]),
  ]

  private static let module =
    "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"

  private func files(
    _ c: Case, in folder: TemporaryFolder
  ) throws -> (paths: [String], updates: [[String: Dense]]) {
    var paths: [String] = []
    var updates: [[String: Dense]] = []
    for (index, rank) in c.ranks.enumerated() {
      var file = AdapterFile()
      file.addModule(
        Self.module, c.outputs, c.inputs, kernel: c.kernel, rank: rank, alpha: c.alphas[index],
        type: c.types[index], seed: UInt64(10 * index + rank))
      updates.append(file.updates)
      paths.append(try folder.write(file.bytes, to: "\(index).st"))
    }
    return (paths, updates)
  }

  private func sum(_ updates: [[String: Dense]], _ weights: [Double]) -> [String: Dense] {
    var sum: [String: Dense] = [:]
    for (update, weight) in zip(updates, weights) {
      for (name, delta) in update {
        let scaled = delta.scaled(by: weight)
        sum[name] = sum[name].map { $0 + scaled } ?? scaled
      }
    }
    return sum
  }

  private static let weights: [[Double]] = [[1, -1], [0.7, 0.4], [-2.5, 1]]

  @Test("concat is the sum, whatever the weights", arguments: cases, weights)
  func concatenation(c: Case, weights: [Double]) throws {
    let folder = try TemporaryFolder()
    let (paths, updates) = try files(c, in: folder)
    let said = try report(
      ["merge", "\(paths[0]):\(weights[0])", "\(paths[1]):\(weights[1])", "-o", folder["o.st"]])
    let written = try AdapterFile(bytes: folder.bytes("o.st"))
    let (error, norm) = distance(written.updates, sum(updates, weights))
    #expect(written.ranks == [Self.module: c.ranks[0] + c.ranks[1]])
    let reported = try #require(said["relative_error"] as? Double)
    #expect(abs(reported - error / norm) <= 1e-12 + 1e-6 * error / norm, "the report is not true")
    if written.tensors.values.contains(where: { $0.type == "F32" }) && c.types.contains("F32") {
      #expect(error <= 2e-7 * norm)
    }
  }

  @Test("svd is as near as its rank allows", arguments: cases, [1, 2, 5, 100])
  func approximation(c: Case, rank: Int) throws {
    let folder = try TemporaryFolder()
    let (paths, updates) = try files(c, in: folder)
    let said = try report([
      "merge", "\(paths[0]):1", "\(paths[1]):-0.5", "--method", "svd", "--rank", "\(rank)",
      "--dtype", "f32", "-o", folder["o.st"],
    ])
    let asked = sum(updates, [1, -0.5])
    let written = try AdapterFile(bytes: folder.bytes("o.st"))
    let values = try #require(asked[Self.module]).singularValues
    let columns = c.kernel.reduce(c.inputs, *)
    let kept = min(rank, c.outputs, columns, c.ranks[0] + c.ranks[1])
    #expect(written.ranks == [Self.module: kept])
    let best = values.dropFirst(kept).reduce(0) { $0 + $1 * $1 }.squareRoot()
    let (error, norm) = distance(written.updates, asked)
    #expect(error <= best * (1 + 1e-6) + 2e-7 * norm)
    let reported = try #require(said["relative_error"] as? Double)
    #expect(abs(reported - error / norm) <= 1e-12 + 1e-6 * error / norm, "the report is not true")
  }

  @Test func factorsOfOneScaleKeepTheirBits() throws {
    let folder = try TemporaryFolder()
    var a = AdapterFile()
    a.addModule(Self.module, 12, 9, rank: 4, alpha: 2, type: "F16", seed: 1)
    var b = AdapterFile()
    b.addModule(Self.module, 12, 9, rank: 2, alpha: 1, type: "F16", seed: 2)
    let paths = [try folder.write(b.bytes, to: "b.st"), try folder.write(a.bytes, to: "a.st")]
    let said = try report(["diff", paths[0], paths[1], "-o", folder["o.st"]])
    #expect(said["relative_error"] as? Double == 0)
    let written = try AdapterFile(bytes: folder.bytes("o.st"))
    let down = try #require(written.tensors[Self.module + ".lora_down.weight"])
    let parts = [b, a].map { $0.tensors[Self.module + ".lora_down.weight"]?.bytes ?? [] }
    #expect(down.type == "F16" && down.bytes == parts[0] + parts[1])
    let up = try #require(written.matrix(Self.module + ".lora_up.weight"))
    let ofA = try #require(a.matrix(Self.module + ".lora_up.weight"))
    #expect((0..<12).allSatisfy { i in (0..<4).allSatisfy { up[i, 2 + $0] == -ofA[i, $0] } })
    #expect(written.values(Self.module + ".alpha") == [3])
  }

  /// Of each method: any number of threads, one result.
  @Test(arguments: [
    ["--method", "concat", "--mix", "3"], ["--method", "svd", "--rank", "3"],
    ["--method", "svd", "--sv-fro", "0.8"], ["--method", "ties", "--rank", "4"],
    ["--method", "dare", "--sv-ratio", "3", "--seed", "9"],
    ["--method", "dare-ties", "--rank", "4"], ["--method", "magnitude-prune", "--rank", "40"],
  ])
  func bytesDoNotDependOnThreads(options: [String]) throws {
    let folder = try TemporaryFolder()
    var paths: [String] = []
    for seed in [1, 2] as [UInt64] {
      var file = AdapterFile()
      for block in 0..<3 {
        file.addModule(
          "lora_unet_up_blocks_\(block + 1)_attentions_0_transformer_blocks_0_attn1_to_v",
          20 + block, 16, rank: 4, seed: 100 * seed + UInt64(block))
      }
      paths.append(try folder.write(file.bytes, to: "\(seed).st"))
    }
    var results: Set<[UInt8]> = []
    for threads in 1...4 {
      try report(
        ["merge"] + paths + options + ["--threads", "\(threads)", "-o", folder["o.st"]])
      results.insert(try folder.bytes("o.st"))
    }
    #expect(results.count == 1)
  }
}
