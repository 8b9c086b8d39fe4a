import TestSupport
import Testing

/// Adapters from two checkpoints, against singular values in plain loops.
@Suite struct ExtractionTests {
  private static let layers: [(key: String, name: String, shape: [Int])] = [
    (
      "input_blocks.1.1.transformer_blocks.0.attn1.to_q",
      "down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q", [40, 24]
    ),
    ("input_blocks.1.1.proj_in", "down_blocks_0_attentions_0_proj_in", [24, 24, 1, 1]),
    ("middle_block.0.in_layers.2", "mid_block_resnets_0_conv1", [12, 10, 3, 3]),
    (
      "output_blocks.5.1.transformer_blocks.0.ff.net.2",
      "up_blocks_1_attentions_2_transformer_blocks_0_ff_net_2", [16, 64]
    ),
  ]

  /// Two checkpoints of one element type, and the differences of what they store.
  private func pair(
    type: String, in folder: TemporaryFolder
  ) throws -> (paths: [String], differences: [String: Dense]) {
    let files = (0..<2).map { index in
      var file = AdapterFile()
      for (place, layer) in Self.layers.enumerated() {
        let count = layer.shape.reduce(1, *)
        let base = uniform(count, seed: UInt64(place))
        let change = uniform(count, seed: UInt64(50 + place))
        file.add(
          "model.diffusion_model.\(layer.key).weight", layer.shape,
          zip(base, change).map { $0 + Double(index) * $1 / 4 }, type: type)
      }
      return file
    }
    var differences: [String: Dense] = [:]
    for layer in Self.layers {
      let key = "model.diffusion_model.\(layer.key).weight"
      differences["lora_unet_" + layer.name] =
        try #require(files[1].matrix(key)) - (try #require(files[0].matrix(key)))
    }
    return (try files.enumerated().map { try folder.write($1.bytes, to: "\($0).st") }, differences)
  }

  @Test(arguments: ["F32", "F16", "BF16", "F8_E4M3"], [1, 4, 9])
  func rankIsSpentInTheBestWay(type: String, rank: Int) throws {
    let folder = try TemporaryFolder()
    let (paths, differences) = try pair(type: type, in: folder)
    var results: [[UInt8]] = []
    var reported = Double.nan
    for threads in ["1", "2"] {
      let said = try report([
        "diff", paths[1], paths[0], "--rank", "\(rank)", "--conv-rank", "\(rank)", "--dtype", "f32",
        "--threads", threads, "-o", folder["o.st"],
      ])
      reported = try #require(said["relative_error"] as? Double)
      results.append(try folder.bytes("o.st"))
    }
    #expect(results[0] == results[1])
    let written = try AdapterFile(bytes: results[0]).updates
    #expect(Set(written.keys) == Set(differences.keys))
    let (error, norm) = distance(written, differences)
    var best = 0.0
    for difference in differences.values {
      best += difference.singularValues.dropFirst(rank).reduce(0) { $0 + $1 * $1 }
    }
    #expect(error <= best.squareRoot() * (1 + 1e-4))
    #expect(abs(reported - error / norm) <= 1e-6)
  }
}
