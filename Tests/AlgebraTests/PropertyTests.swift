import Foundation
import Tensors
import TestSupport
import Testing

/// Whatever is merged, subtracted or resized, against matrices in plain loops: ranks 1 to 40,
/// every shape, element type, algorithm and naming, mixed.
@Suite struct PropertyTests {
  private static let layers: [(path: String, kernel: [Int])] = [
    ("down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q", []),
    ("down_blocks.0.resnets.0.conv1", [3, 3]), ("mid_block.attentions.0.proj_in", [1, 1]),
    ("up_blocks.1.attentions.2.transformer_blocks.0.ff.net.2", []),
  ]
  private static let types = ["F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"]

  private struct Input {
    let path: String
    let updates: [String: Dense]
  }

  /// Two files that share layers, each module of a kind of its own; one may be under other names.
  private func inputs(seed: UInt64, in folder: TemporaryFolder) throws -> [Input] {
    var generator = Philox(seed: seed, stream: 11)
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let extents = Self.layers.map { _ in
      [
        (number(1...9), number(1...9)), (number(30...64), number(2...12)),
        (number(2...12), number(30...64)), (number(20...44), number(20...44)),
      ][number(0...3)]
    }
    return try (0..<2).map { index in
      var file = AdapterFile()
      var updates: [String: Dense] = [:]
      for (place, layer) in Self.layers.enumerated() where place == 0 || number(0...5) > 0 {
        let storages = Storage.allCases.filter { layer.kernel == [3, 3] || $0 != .tucker }
        let storage = storages[number(0...storages.count - 1)]
        let (outputs, columns) = extents[place]
        // A convolution of 3 × 3 has nine times the columns.
        let inputs = layer.kernel == [3, 3] ? max(1, columns / 6) : columns
        let rank = storage == .lora ? number(1...40) : number(1...4)
        updates[layer.path] = file.addModule(
          "lora_unet_" + layer.path.replacing(".", with: "_"), outputs, inputs,
          kernel: layer.kernel, storage: storage, rank: rank, alpha: Double(number(1...20)) / 4,
          type: Self.types[number(0...5)], seed: seed &* 100 &+ UInt64(10 * index + place))
      }
      let path = try folder.write(file.bytes, to: "\(index).st")
      return Input(path: path, updates: updates)
    }
  }

  private func updates(_ bytes: [UInt8]) throws -> [String: Dense] {
    let file = try AdapterFile(bytes: bytes)
    let names = Dictionary(
      uniqueKeysWithValues: Self.layers.map {
        ("lora_unet_" + $0.path.replacing(".", with: "_"), $0.path)
      })
    return Dictionary(
      uniqueKeysWithValues: file.updates.map { name, update in
        (names[name] ?? String(name.trimmingPrefix("unet.")), update)
      })
  }

  private func sum(_ inputs: [Input], _ weights: [Double]) -> [String: Dense] {
    var sum: [String: Dense] = [:]
    for (input, weight) in zip(inputs, weights) {
      for (name, update) in input.updates {
        let scaled = update.scaled(by: weight)
        sum[name] = sum[name].map { $0 + scaled } ?? scaled
      }
    }
    return sum
  }

  /// Runs a command on one thread and on two, which must write the same bytes.
  private func run(
    _ arguments: [String], in folder: TemporaryFolder
  ) throws -> (bytes: [UInt8], relativeError: Double) {
    var results: [[UInt8]] = []
    var relativeError = Double.nan
    for threads in ["1", "2"] {
      let said = try report(arguments + ["--threads", threads, "-o", folder["o.st"]])
      relativeError = try #require(said["relative_error"] as? Double)
      results.append(try folder.bytes("o.st"))
    }
    #expect(results[0] == results[1], "bytes depend on threads")
    return (results[0], relativeError)
  }

  @Test(arguments: 0..<24 as Range<UInt64>) func sumsAndDifferencesAreExact(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let inputs = try inputs(seed: seed, in: folder)
    let naming = ["kohya", "diffusers"][Int(seed % 2)]
    let merge = ["merge", inputs[0].path + ":-1.7", inputs[1].path + ":0.3"]
    for (command, weights) in [
      (merge, [-1.7, 0.3]), (["diff", inputs[0].path, inputs[1].path], [1, -1]),
    ] {
      let (bytes, relativeError) = try run(
        command + ["--dtype", "f32", "--to", naming], in: folder)
      let (error, norm) = distance(try updates(bytes), sum(inputs, weights))
      #expect(error <= 3e-7 * norm, "\(command[0])")
      #expect(abs(relativeError - error / norm) <= 1e-12 + 1e-5 * error / norm, "\(command[0])")
    }
  }

  @Test(arguments: 24..<44 as Range<UInt64>) func ranksAreReducedInTheBestWay(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let inputs = try inputs(seed: seed, in: folder)
    let rank = Int(seed % 7) + 1
    let both = ["merge", inputs[0].path, inputs[1].path + ":-0.5", "--method", "svd"]
    let merged = ["resize", folder["sum.st"]]
    try report(
      ["merge", inputs[0].path, inputs[1].path + ":-0.5", "--dtype", "f32"]
        + ["-o", folder["sum.st"]])
    let asked = sum(inputs, [1, -0.5])
    for command in [both, merged] {
      let (bytes, relativeError) = try run(
        command + ["--dtype", "f32", "--sv-ratio", "1e9", "--max-rank", "\(rank)"], in: folder)
      var best = 0.0
      for update in asked.values {
        best += update.singularValues.dropFirst(rank).reduce(0) { $0 + $1 * $1 }
      }
      let (error, norm) = distance(try updates(bytes), asked)
      #expect(error <= best.squareRoot() * (1 + 1e-6) + 1e-6 * norm, "\(command[0])")
      #expect(abs(relativeError - error / norm) <= 1e-6, "\(command[0])")
    }
  }

  @Test func whatCancelsIsNothingWhateverTheMethod() throws {
    let folder = try TemporaryFolder()
    let path = try #require(try inputs(seed: 99, in: folder).first).path
    for options in [
      [], ["--method", "svd", "--rank", "1"], ["--method", "svd", "--sv-fro", "0.9"],
    ] {
      let (bytes, relativeError) = try run(
        ["merge", path + ":1", path + ":-1", "--dtype", "f32"] + options, in: folder)
      #expect(relativeError == 0)
      #expect(try updates(bytes).values.allSatisfy { $0.norm < 1e-6 })
    }
  }

  /// Rows of the vocabulary are the columns of PEFT's factors.
  @Test func embeddingsAreMerged() throws {
    let folder = try TemporaryFolder()
    let name = "base_model.model.model.embed_tokens"
    var wanted = Dense(24, 50)
    for (index, weight) in [0.5, -2].enumerated() {
      var file = AdapterFile()
      file.add(name + ".lora_embedding_A", [3, 50], uniform(150, seed: UInt64(index)))
      file.add(name + ".lora_embedding_B", [24, 3], uniform(72, seed: UInt64(5 + index)))
      let factors = ["B", "A"].compactMap { file.matrix("\(name).lora_embedding_\($0)") }
      wanted = wanted + (factors[0] * factors[1]).scaled(by: weight)
      try folder.write(file.bytes, to: "\(index).safetensors")
    }
    let (bytes, _) = try run(
      ["merge", folder["0.safetensors"] + ":0.5", folder["1.safetensors"] + ":-2"], in: folder)
    let file = try AdapterFile(bytes: bytes)
    let up = try #require(file.matrix(name + ".lora_embedding_B"))
    let down = try #require(file.matrix(name + ".lora_embedding_A"))
    #expect((up * down - wanted).norm <= 3e-7 * wanted.norm)
  }
}
