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

  // MARK: - What an adapter does not hold

  private static let prefix = "model.diffusion_model."
  private static let key = prefix + "middle_block.1.transformer_blocks.0.attn2.to_k.weight"
  private static let bias = prefix + "middle_block.1.transformer_blocks.0.attn2.to_k.bias"
  private static let norm = prefix + "middle_block.1.norm.weight"
  private static let table =
    "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"

  private func checkpoint(_ seed: UInt64, _ change: (inout AdapterFile) -> Void = { _ in })
    -> AdapterFile
  {
    var file = AdapterFile()
    file.add(Self.key, [12, 16], uniform(192, seed: seed))
    file.add(Self.bias, [12], uniform(12, seed: seed &+ 1))
    file.add(Self.norm, [16], uniform(16, seed: seed &+ 2))
    file.add(Self.table, [9, 7], uniform(63, seed: seed &+ 3))
    file.add("first_stage_model.decoder.conv_in.weight", [4], uniform(4, seed: seed &+ 4))
    file.add("first_stage_model.decoder.conv_out.weight", [4], uniform(4, seed: 99))
    change(&file)
    return file
  }

  @Test(arguments: [false, true]) func whatDiffersAndIsNotExtractedCounts(norms: Bool) throws {
    let folder = try TemporaryFolder()
    let (tuned, base) = (checkpoint(1), checkpoint(11))
    let arguments =
      [
        "diff", try folder.write(tuned.bytes, to: "b.st"),
        try folder.write(base.bytes, to: "a.st"), "--rank", "3", "-o", folder["o.st"],
      ] + (norms ? ["--full-norms"] : [])
    let said = try report(arguments)
    let left = try #require(said["left_out"] as? [String: [String]])
    let embedding = "text_encoder.text_model.embeddings.token_embedding"
    #expect(left["embeddings"] == [embedding])
    #expect(left["tensors"] == ["first_stage_model.decoder.conv_in.weight"])
    #expect(left["norms"] == (norms ? nil : ["mid_block.attentions.0.norm"]))
    #expect(
      left["biases"]
        == (norms ? nil : ["mid_block.attentions.0.transformer_blocks.0.attn2.to_k.bias"]))

    func squared(_ name: String) throws -> Double {
      let (b, a) = (try #require(tuned.values(name)), try #require(base.values(name)))
      return zip(b, a).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    let whole = try [Self.key, Self.bias, Self.norm, Self.table].map(squared).reduce(0, +)
    let difference = try #require(tuned.matrix(Self.key)) - (try #require(base.matrix(Self.key)))
    var lost = difference.singularValues.dropFirst(3).reduce(0) { $0 + $1 * $1 }
    lost += try squared(Self.table)
    if !norms { lost += try squared(Self.bias) + squared(Self.norm) }
    #expect(abs(try #require(said["energy_kept"] as? Double) - (1 - lost / whole)) < 1e-6)
    let error = try #require(said["relative_error"] as? Double)
    #expect(abs(error - (lost / whole).squareRoot()) < 1e-6)
    let errors = try Program.run(arguments).errors
    #expect(errors.contains("1 embedding (\(embedding))"), "\(errors)")
  }

  @Test func ofATableAloneNothingIsWritten() throws {
    let folder = try TemporaryFolder()
    let base = checkpoint(11)
    let tuned = checkpoint(11) { $0.add(Self.table, [9, 7], uniform(63, seed: 5)) }
    let outcome = try Program.run(
      "diff", try folder.write(tuned.bytes, to: "b.st"), try folder.write(base.bytes, to: "a.st"),
      "--rank", "3", "-o", folder["o.st"])
    #expect(outcome.status != 0)
    #expect(
      outcome.errors.contains(
        "o.st: not written, because it would hold no module; left out: 1 embedding (text_encoder."),
      "\(outcome.errors)")
    #expect(try folder.names() == ["a.st", "b.st"])
  }

  @Test func layersOfAnotherShapeAreRefusedOrNamed() throws {
    let folder = try TemporaryFolder()
    let layer = Self.prefix + "middle_block.1.transformer_blocks.0.attn1.to_q.weight"
    let tuned = checkpoint(1) { file in
      file.add(layer, [10, 8], uniform(80, seed: 40))
      file.add(Self.table, [11, 7], uniform(77, seed: 41))
    }
    let base = checkpoint(11) { $0.add(layer, [8, 8], uniform(64, seed: 42)) }
    let arguments = [
      "diff", try folder.write(tuned.bytes, to: "b.st"), try folder.write(base.bytes, to: "a.st"),
      "--rank", "3", "-o", folder["o.st"],
    ]
    let refused = try Program.run(arguments)
    #expect(refused.status != 0)
    #expect(
      refused.errors.contains(
        "mid_block.attentions.0.transformer_blocks.0.attn1.to_q has the shape [10, 8], in "))
    #expect(refused.errors.contains("--skip-mismatched leaves such layers out"))
    let said = try report(arguments + ["--skip-mismatched"])
    let left = try #require((said["left_out"] as? [String: [String]])?["other_shapes"])
    #expect(
      Set(left) == [
        "mid_block.attentions.0.transformer_blocks.0.attn1.to_q",
        "text_encoder.text_model.embeddings.token_embedding",
      ])
    let written = try AdapterFile(bytes: folder.bytes("o.st")).updates
    #expect(
      written.keys.map { $0 } == [
        "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"
      ])
  }
}
