import Adapters
import Baking
import Files
import Names
import Safetensors
import Tensors
import TestSupport
import Testing

/// One cause, one sentence: every reason for which a module finds no place in a checkpoint.
@Suite struct ObstacleTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  struct Case: CustomTestStringConvertible {
    let cause: Obstacle.Cause
    let adapter: [String: [Int]]
    let checkpoint: [String: [Int]]
    var testDescription: String { "\(cause)" }
  }

  private static let peft = "base_model.model."

  /// Factors of rank 2 for a layer of outputs × inputs.
  private static func lora(_ name: String, _ outputs: Int, _ inputs: Int) -> [String: [Int]] {
    ["\(name).lora_B.weight": [outputs, 2], "\(name).lora_A.weight": [2, inputs]]
  }

  private static let block = "model.layers.0.self_attn."
  private static let fits = lora(peft + block + "o_proj", 8, 8)
  private static let plain = [block + "o_proj.weight": [8, 8]]

  private static func with(_ a: [String: [Int]], _ b: [String: [Int]]) -> [String: [Int]] {
    a.merging(b) { $1 }
  }

  static let cases: [Case] = [
    Case(
      cause: .tiedHead, adapter: with(fits, lora(peft + "lm_head", 12, 8)),
      checkpoint: with(plain, ["model.embed_tokens.weight": [12, 8]])),
    Case(
      cause: .noBias, adapter: with(fits, [peft + block + "o_proj.lora_B.bias": [8]]),
      checkpoint: plain),
    Case(
      cause: .noBias, adapter: with(fits, [peft + block + "o_proj.base_layer.bias": [8]]),
      checkpoint: plain),
    Case(
      cause: .fused, adapter: with(fits, lora(peft + block + "q_proj", 8, 8)),
      checkpoint: with(plain, [block + "qkv_proj.weight": [24, 8]])),
    Case(
      cause: .fused, adapter: lora("diffusion_model.layers.0.attention.to_k", 8, 8),
      checkpoint: ["model.diffusion_model.layers.0.attention.qkv.weight": [24, 8]]),
    Case(
      cause: .split, adapter: with(fits, lora(peft + block + "qkv_proj", 24, 8)),
      checkpoint: with(
        plain,
        [
          block + "q_proj.weight": [8, 8], block + "k_proj.weight": [8, 8],
          block + "v_proj.weight": [8, 8],
        ])),
    Case(
      cause: .noNetwork,
      adapter: [
        "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight": [8, 2],
        "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": [2, 8],
      ],
      checkpoint: ["model.diffusion_model.input_blocks.1.1.proj_in.weight": [8, 8, 1, 1]]),
    Case(
      cause: .otherBeginning, adapter: lora(peft + "transformer.h.0.attn.out", 8, 8),
      checkpoint: ["h.0.attn.out.weight": [8, 8]]),
    Case(
      cause: .otherBeginning, adapter: fits,
      checkpoint: ["model.language_model.layers.0.self_attn.o_proj.weight": [8, 8]]),
    Case(
      cause: .noTokenNumbers,
      adapter: with(
        fits, [peft + "model.embed_tokens.token_adapter.trainable_tokens_delta": [3, 8]]),
      checkpoint: with(plain, ["model.embed_tokens.weight": [12, 8]])),
    Case(
      cause: .addedTwice, adapter: with(fits, lora(peft + "mix.base_layer.out_proj", 8, 8)),
      checkpoint: with(plain, ["mix.out_proj.weight": [8, 8]])),
    Case(
      cause: .incomplete,
      adapter: [
        "lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight": [24, 2],
        "lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": [2, 8],
      ],
      checkpoint: ["transformer_blocks.0.attn.to_k.weight": [8, 8]]),
    Case(
      cause: .noLayer, adapter: with(fits, lora(peft + block + "extra", 8, 8)),
      checkpoint: plain),
    Case(
      cause: .noLayer, adapter: with(fits, [peft + "score.weight": [3, 8]]), checkpoint: plain),
    Case(
      cause: .transposed, adapter: with(fits, lora(peft + block + "mix", 24, 8)),
      checkpoint: with(plain, [block + "mix.weight": [8, 24]])),
    Case(
      cause: .vocabulary, adapter: with(fits, lora(peft + "lm_head", 14, 8)),
      checkpoint: with(plain, ["lm_head.weight": [12, 8]])),
    Case(
      cause: .vocabulary,
      adapter: with(
        fits,
        [
          peft + "model.embed_tokens.lora_embedding_A": [2, 14],
          peft + "model.embed_tokens.lora_embedding_B": [8, 2],
        ]),
      checkpoint: with(plain, ["model.embed_tokens.weight": [12, 8]])),
    Case(
      cause: .shape, adapter: with(fits, lora(peft + block + "mix", 8, 9)),
      checkpoint: with(plain, [block + "mix.weight": [8, 4]])),
    Case(
      cause: .otherModel,
      adapter: with(fits, with(lora("x.other", 8, 8), lora("y.other", 8, 8))), checkpoint: plain),
    Case(
      cause: .otherModel, adapter: lora(peft + block + "o_proj", 16, 24), checkpoint: plain),
  ]

  private func write(_ shapes: [String: [Int]], to name: String) throws {
    let output = try OutputFile(path: folder[name])
    let layout = Layout(
      shapes.sorted { $0.key < $1.key }.map {
        .init(name: $0.key, type: .float32, shape: Shape($0.value))
      })
    let writer = SafetensorsWriter(layout, metadata: Metadata([:]), to: output)
    for (name, shape) in shapes {
      let values = Matrix.random(shape.reduce(1, *), 1, seed: 1).elements
      try unsafe writer.write(encoded(values, as: .float32).span.bytes, to: name)
    }
    try writer.finish(metadata: Metadata([:]))
  }

  private func baked(_ c: Case, skipsMissing: Bool) throws -> BakedLayers {
    try write(c.adapter, to: "a")
    try write(c.checkpoint, to: "w")
    let adapter = try AdapterSource(path: folder["a"]).adapter()
    let layers = CheckpointLayers(try Checkpoint(path: folder["w"]), for: [adapter])
    return try BakedLayers(
      Combination([.init(adapter, weight: 1)], base: layers, leavesMissing: true), in: layers,
      skipsMissing: skipsMissing)
  }

  private func refusal(_ c: Case) throws -> (Obstacle, AdapterError) {
    let error = try #require(throws: AdapterError.self) { try baked(c, skipsMissing: false) }
    guard case .noPlace(let obstacle, _, _, _) = error.reason else { throw error }
    return (obstacle, error)
  }

  @Test(arguments: cases) func causeIsTold(c: Case) throws {
    let (obstacle, error) = try refusal(c)
    #expect(obstacle.cause == c.cause, "\(error)")
    #expect("\(error)".hasPrefix(folder["w"] + ": "))
    #expect("\(error)".contains(folder["a"]))
    #expect(!"\(error)".contains("\n"))
    #expect("\(error)".contains("another model") == (c.cause == .otherModel), "\(error)")
  }

  /// What an error advises works: with the flag the rest is baked, and what is left out is named.
  @Test(arguments: cases) func skippingWorksWhereItIsAdvised(c: Case) throws {
    let (obstacle, error) = try refusal(c)
    #expect("\(error)".contains("--skip-missing") == obstacle.canBeSkipped, "\(error)")
    if obstacle.canBeSkipped {
      let rest = try baked(c, skipsMissing: true)
      #expect(!rest.missing.isEmpty)
      let report = try BakedModel(rest, threads: 1).write(to: folder["o"], compresses: false)
      #expect(report.missing == rest.missing)
      let kinds = LeftOut.Kind.allCases.filter { !rest.leftOut[$0].isEmpty }
      #expect(kinds.flatMap { rest.leftOut[$0] }.sorted() == rest.missing.sorted())
      #expect(kinds.contains(.tokenRows) == (c.cause == .noTokenNumbers))
      #expect(kinds.contains(.biases) == rest.missing.contains { $0.hasSuffix(".bias") })
    } else {
      #expect(throws: AdapterError.self) { try baked(c, skipsMissing: true) }
    }
  }

  @Test func everyCauseHasItsOwnSentence() {
    let shapes: (Shape, Shape) = ([1, 2], [3, 4])
    let obstacles: [Obstacle] = Obstacle.Cause.allCases.map { cause in
      switch cause {
      case .tiedHead: .tiedHead(table: "t")
      case .noBias: .noBias
      case .fused: .fused(into: "t")
      case .split: .split(into: ["t"])
      case .noNetwork: .noNetwork(.denoiser)
      case .otherBeginning: .otherBeginning("t")
      case .noTokenNumbers: .noTokenNumbers
      case .addedTwice: .addedTwice
      case .incomplete: .incomplete
      case .noLayer: .noLayer
      case .transposed: .transposed(own: shapes.0, theirs: shapes.1)
      case .vocabulary: .vocabulary(own: 1, theirs: 3)
      case .shape: .shape(own: shapes.0, theirs: shapes.1)
      case .otherModel: .otherModel(modules: 1, detail: "d", isThere: false)
      }
    }
    let sentences = obstacles.map { $0.sentence(modules: ["m"], adapter: "a", canSkip: true) }
    #expect(Set(sentences).count == sentences.count)
    // Each says what to do.
    #expect(sentences.allSatisfy { $0.contains("; ") || $0.contains("?") })
    #expect(sentences.count { $0.contains("another model") } == 1)
    #expect(Set(Self.cases.map(\.cause)) == Set(Obstacle.Cause.allCases))
  }

  /// A quantised text encoder is in the way of what changes it alone.
  @Test(arguments: [0.0, 1]) func quantisedNetworksMayStayAsTheyAre(weight: Double) throws {
    let encoder = "text_model.encoder.layers.0.mlp.fc1"
    let prefix = "text_encoders.clip_l.transformer.\(encoder)"
    try write(
      Self.with(
        Self.lora("diffusion_model.double_blocks.0.img_attn.proj", 8, 8),
        Self.lora("text_encoder.\(encoder)", 8, 8)), to: "a")
    try write(
      [
        "model.diffusion_model.double_blocks.0.img_attn.proj.weight": [8, 8],
        "\(prefix).weight": [8, 8], "\(prefix).qzeros": [1],
      ], to: "w")
    let adapter = try AdapterSource(path: folder["a"]).adapter()
    let layers = CheckpointLayers(try Checkpoint(path: folder["w"]), for: [adapter])
    let combination = try Combination([.init(adapter, weight: 1)], base: layers) { _, target in
      target.network == .denoiser ? 1 : weight
    }
    if weight == 0 {
      #expect(try BakedLayers(combination, in: layers).tensorCount == 1)
    } else {
      let error = try #require(throws: AdapterError.self) {
        try BakedLayers(combination, in: layers)
      }
      guard case .quantized = error.reason else { throw error }
    }
  }

  /// An adapter's whole model may be said to be missing where it is only a model's part.
  @Test func whereMostFitTheRestIsNoOtherModel() throws {
    let c = Case(
      cause: .shape,
      adapter: Self.with(
        Self.fits,
        Self.with(
          Self.lora(Self.peft + Self.block + "a", 8, 8),
          Self.lora(Self.peft + Self.block + "b", 9, 8))),
      checkpoint: Self.with(
        Self.plain, [Self.block + "a.weight": [8, 8], Self.block + "b.weight": [8, 8]]))
    #expect(try refusal(c).0.cause == .shape)
  }
}
