import Foundation
import TestSupport
import Testing

@testable import Merge

/// Averages, moving averages and limits, against sums of whole updates in plain loops.
@Suite struct MergeWeightsTests {
  private static let names = [
    "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_k",
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_v",
    "lora_te_text_model_encoder_layers_3_self_attn_q_proj",
  ]

  private func file(_ seed: UInt64, names: [String] = names, rank: Int = 2) -> AdapterFile {
    var file = AdapterFile()
    for (index, name) in names.enumerated() {
      file.addModule(name, 7, 5, rank: rank, alpha: 1, seed: seed * 100 + UInt64(index))
    }
    return file
  }

  private func merged(
    _ files: [AdapterFile], _ options: [String], weights: [Double]? = nil
  ) throws -> (file: AdapterFile, said: [String: Any]) {
    let folder = try TemporaryFolder()
    let paths = try files.enumerated().map { index, file in
      let path = try folder.write(file.bytes, to: "\(index).st")
      return weights.map { "\(path):\($0[index])" } ?? path
    }
    let said = try report(["merge"] + paths + options + ["-o", folder["o.st"]])
    return (try AdapterFile(bytes: folder.bytes("o.st")), said)
  }

  private func sum(_ files: [AdapterFile], _ weights: [Double], _ name: String) -> Dense {
    zip(files, weights).reduce(Dense(7, 5)) { sum, part in
      sum + (part.0.updates[name] ?? Dense(7, 5)).scaled(by: part.1)
    }
  }

  private func check(_ result: AdapterFile, is files: [AdapterFile], _ weights: [Double]) {
    for name in Self.names {
      let expected = sum(files, weights, name)
      let actual = result.updates[name] ?? Dense(7, 5)
      let error = (actual - expected).norm
      #expect(error <= 1e-6 * max(expected.norm, 1e-3), "\(name)")
    }
  }

  private func weights(_ said: [String: Any]) -> [Double] {
    let merging = said["merging"] as? [String: Any]
    return (merging?["weights"] as? [[String: Any]] ?? []).compactMap { $0["weight"] as? Double }
  }

  @Test func averageIsOfUpdates() throws {
    let files = [file(1), file(2, rank: 3), file(3)]
    let (result, said) = try merged(files, ["--average"])
    let third = 1.0 / 3
    check(result, is: files, [third, third, third])
    #expect(weights(said) == [third, third, third])
    let comment = try #require(result.metadata["ss_training_comment"])
    #expect(comment.hasPrefix("merge (concat, average): 0 * 0.3"))
    let shares = try merged(files, ["--average"], weights: [3, 1, 4])
    check(shares.file, is: files, [0.375, 0.125, 0.5])
  }

  @Test(arguments: [0, 0.5, 0.9]) func emaIsInTheOrderOfTheFiles(beta: Double) throws {
    let files = [file(1), file(2), file(3), file(4)]
    var expected = [1.0, 0, 0, 0]
    for index in 1..<4 {
      for other in 0..<index { expected[other] *= beta }
      expected[index] = 1 - beta
    }
    let (result, said) = try merged(files, ["--ema", "\(beta)"])
    check(result, is: files, expected)
    for (weight, wanted) in zip(weights(said), expected) { #expect(abs(weight - wanted) < 1e-12) }
    let sources = try #require(result.metadata["lora.sources"])
    #expect(sources.contains("\"coefficient\":"), "\(sources)")
  }

  /// γ from σ by its definition: the standard deviation of the profile t^γ on [0, 1].
  @Test(arguments: [0.05, 0.1, 0.15, 0.25, 0.288]) func powerHasItsWidth(sigma: Double) {
    let gamma = WeightRule.exponent(relativeWidth: sigma)
    let (mean, square) = ((gamma + 1) / (gamma + 2), (gamma + 1) / (gamma + 3))
    #expect(abs((square - mean * mean).squareRoot() - sigma) < 1e-9)
    let weights = WeightRule.power(relativeWidth: sigma).weights([1, 1, 1, 1])
    var expected = [1.0]
    for step in 1..<4 {
      let beta = pow(1 - 1 / Double(step), gamma + 1)
      expected = expected.map { $0 * beta } + [1 - beta]
    }
    for (weight, wanted) in zip(weights, expected) { #expect(abs(weight - wanted) < 1e-12) }
    #expect(weights[0] == 0)
    #expect(abs(weights.reduce(0, +) - 1) < 1e-12)
  }

  @Test func averageBakes() throws {
    let folder = try TemporaryFolder()
    var model = AdapterFile()
    let weight = "model.diffusion_model.middle_block.1.transformer_blocks.0.attn1.to_k.weight"
    model.add(weight, [7, 5], uniform(35, seed: 70))
    try folder.write(model.bytes, to: "model.st")
    let files = [file(1, names: [Self.names[0]]), file(2, names: [Self.names[0]])]
    for (index, file) in files.enumerated() { try folder.write(file.bytes, to: "\(index).st") }
    let said = try report([
      "merge", folder["0.st"], folder["1.st"], "--average", "--limit-energy", "--into",
      folder["model.st"], "-o", folder["o.st"],
    ])
    let merging = try #require(said["merging"] as? [String: Any])
    let energy = try #require(merging["energy"] as? [String: Any])
    let scale = try #require(energy["scale"] as? Double)
    let baked = try #require(AdapterFile(bytes: folder.bytes("o.st")).matrix(weight))
    let expected =
      try #require(model.matrix(weight)) + sum(files, [scale / 2, scale / 2], Self.names[0])
    expect(baked.elements, approximates: expected.elements, within: 1e-6)
  }

  private func energyScale(_ files: [AdapterFile], _ weights: [Double]) -> Double {
    func norm(_ weights: [Double]) -> Double {
      Self.names.reduce(0) { $0 + pow(sum(files, weights, $1).norm, 2) }.squareRoot()
    }
    let strongest =
      weights.indices.map { index in
        norm(weights.indices.map { $0 == index ? weights[index] : 0 })
      }.max() ?? 0
    return min(1, strongest / norm(weights))
  }

  static let mixtures: [[Double]] = [[1, 1, 1], [1, -1, 0.5], [0.2, 3, 0.1], [1, 1, 0]]

  @Test(arguments: mixtures) func energyIsThatOfTheStrongest(weights: [Double]) throws {
    let files = [file(1), file(2), file(3, names: [Self.names[0]])]
    let scale = energyScale(files, weights)
    let (result, said) = try merged(files, ["--limit-energy"], weights: weights)
    check(result, is: files, weights.map { $0 * scale })
    let merging = try #require(said["merging"] as? [String: Any])
    let energy = try #require(merging["energy"] as? [String: Any])
    let found = try #require(energy["scale"] as? Double)
    #expect(abs(found - scale) < 1e-9)
    let comment = try #require(result.metadata["ss_training_comment"])
    #expect(comment.contains("; energy limit: all weights * "))
  }

  /// The same file twice counts as one: half of each.
  @Test func alikeFilesAreHalved() throws {
    let (result, _) = try merged([file(1), file(1)], ["--limit-energy"])
    check(result, is: [file(1), file(1)], [0.5, 0.5])
  }

  @Test func oppositeFilesAreLeftAlone() throws {
    let files = [file(1), file(1)]
    let (result, said) = try merged(files, ["--limit-energy"], weights: [1, -0.5])
    check(result, is: files, [1, -0.5])
    let merging = try #require(said["merging"] as? [String: Any])
    let energy = try #require(merging["energy"] as? [String: Any])
    #expect(energy["scale"] as? Double == 1)
  }

  /// Files of different layers are orthogonal: 1/√2, unless the floor keeps more.
  @Test func theFloorIsForOrthogonalFiles() throws {
    let files = [file(1, names: [Self.names[0]]), file(1, names: [Self.names[1]])]
    for (options, scale) in [([], 0.7), (["--energy-floor", "0.85"], 0.85)] {
      let (result, said) = try merged(files, ["--limit-energy"] + options)
      let merging = try #require(said["merging"] as? [String: Any])
      let energy = try #require(merging["energy"] as? [String: Any])
      let found = try #require(energy["scale"] as? Double)
      #expect(abs(found - scale) < 0.1)
      #expect(energy["floor"] as? Bool == !options.isEmpty)
      check(result, is: files, [found, found])
    }
    let alike = try merged([file(1), file(1)], ["--limit-energy", "--energy-floor", "0.85"])
    check(alike.file, is: [file(1), file(1)], [0.5, 0.5])
  }

  @Test func blocksAreLimitedByTheirStrengths() throws {
    let files = [file(1), file(2), file(3, names: [Self.names[0]])]
    let weights = [0.8, -0.9, 0.5]
    let (result, said) = try merged(files, ["--block-limit"], weights: weights)
    let three = 1 / (0.64 + 0.81 + 0.25).squareRoot()
    let two = 1 / (0.64 + 0.81).squareRoot()
    for (name, factor) in zip(Self.names, [three, two, two]) {
      let expected = sum(files, weights.map { $0 * factor }, name)
      expect(
        try #require(result.updates[name]).elements, approximates: expected.elements, within: 1e-6)
    }
    let merging = try #require(said["merging"] as? [String: Any])
    let blocks = try #require(merging["blocks"] as? [String: Double])
    #expect(Set(blocks.keys) == ["MID", "IN04", "text encoder"])
    let middle = try #require(blocks["MID"])
    #expect(abs(middle - three) < 1e-12)
    let comment = try #require(result.metadata["ss_training_comment"])
    #expect(comment.contains("; block limit: "))
  }

  @Test func blocksBelowTheLimitAreLeftAlone() throws {
    let files = [file(1), file(2)]
    let (result, said) = try merged(files, ["--block-limit"], weights: [0.6, -0.8])
    check(result, is: files, [0.6, -0.8])
    let merging = try #require(said["merging"] as? [String: Any])
    #expect((merging["blocks"] as? [String: Double])?.isEmpty == true)
  }

  @Test func theReportSaysWhatWasScaled() throws {
    let folder = try TemporaryFolder()
    for index in 1...2 { try folder.write(file(UInt64(index)).bytes, to: "\(index).st") }
    let outcome = try Program.run(
      "merge", folder["1.st"], folder["2.st"], "--average", "--block-limit", "--limit-energy", "-o",
      folder["o.st"])
    for line in [
      "weights: 1.st × 0.5000, 2.st × 0.5000",
      "block limit: nothing scaled, because no block's strengths are above 1",
      "energy limit: all weights × ",
    ] {
      #expect(outcome.errors.contains(line), "\(outcome.errors)")
    }
  }
}
