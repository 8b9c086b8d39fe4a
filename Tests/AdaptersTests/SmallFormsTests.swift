import Names
import Safetensors
import TestSupport
import Testing

@testable import Adapters

/// Files of few parts, modules that add nothing, and wrappers around names.
@Suite struct SmallFormsTests {
  @Test(arguments: [
    ["lora_unet_a.diff_b": [4]], ["lora_unet_a.set_weight": [4, 5]],
    ["base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta": [2, 8]],
    ["base_model.model.wte.trainable_tokens_delta": [2, 8]],
  ])
  func onePartMakesAnAdapter(shapes: [String: [Int]]) throws {
    let file = try TemporaryFile(zeros: shapes)
    let adapter = try Adapter(file.file)
    #expect(adapter.modules.count + adapter.tokenRows.count == 1)
    #expect(adapter.orphans.isEmpty)
  }

  /// What a checkpoint may have makes none.
  @Test(arguments: [["a.norm.scale": [4]], ["a.alpha": []], ["conv.weight": [4, 4]]])
  func namesOfCheckpointsMakeNone(shapes: [String: [Int]]) throws {
    let file = try TemporaryFile(zeros: shapes)
    #expect(throws: AdapterError.self) { try Adapter(file.file) }
  }

  @Test func rankZeroAndAlphaZeroAreNamedAndAddNothing() throws {
    let file = try TemporaryFile(zeros: [
      "lora_unet_a.lora_up.weight": [4, 0], "lora_unet_a.lora_down.weight": [0, 5],
      "lora_unet_a.alpha": [], "lora_unet_b.lora_up.weight": [4, 2],
      "lora_unet_b.lora_down.weight": [2, 5], "lora_unet_b.alpha": [],
      "lora_unet_c.lora_up.weight": [4, 2], "lora_unet_c.lora_down.weight": [2, 5],
    ])
    let adapter = try Adapter(file.file)
    #expect(adapter.modules.map(\.name) == ["lora_unet_b", "lora_unet_c"])
    #expect(adapter.others.count == 3)
    #expect(
      adapter.warnings == [
        "lora_unet_a has rank 0: nothing is added", "lora_unet_b has alpha 0: nothing is added",
      ])
    let combination = try Combination([.init(adapter, weight: 1)])
    #expect(combination.layers.filter { !$0.isZero }.map(\.target.key) == ["c"])
  }

  /// A1111's scale of a module counts in the place of alpha / rank.
  @Test func aNumberCalledScaleIsNoWeight() throws {
    let file = try TemporaryFile(zeros: [
      "lora_unet_a.lora_up.weight": [4, 2], "lora_unet_a.lora_down.weight": [2, 5],
      "lora_unet_a.scale": [],
      "double_blocks.0.norm.key_norm.scale": [6],
    ])
    let adapter = try Adapter(file.file)
    let scaled = try #require(adapter.modules.first { $0.name == "lora_unet_a" })
    #expect(scaled.scale == 0)  // as stored, where alpha / rank would be 1
    #expect(!scaled.replacesWeight)
    #expect(adapter.modules.contains { $0.name.hasSuffix("key_norm") && $0.replacesWeight })
  }

  @Test(
    arguments: [
      ("unet.base_model.model.transformer_blocks.0.attn1.to_q", "transformer_blocks.0.attn1.to_q"),
      ("pipe.dit.blocks.3.self_attn.q", "blocks.3.self_attn.q"),
      ("transformer.base_model.model.blocks.3.attn.q", "blocks.3.attn.q"),
      ("text_encoder.base_model.model.text_model.encoder.layers.0.mlp.fc1", nil),
      ("base_model.model.mha.base_layer.out_proj", "mha.out_proj"),
    ] as [(String, String?)])
  func wrappersAreTakenOff(name: String, path: String?) {
    let target = Target.parse(name).target
    #expect(target.path == path ?? "text_model.encoder.layers.0.mlp.fc1")
    #expect(target.network == (path == nil ? .textEncoder(1) : .denoiser))
  }

  /// PEFT's other methods by the prefixes of their parameters: each is named.
  @Test(arguments: [
    "gralora_A", "delora_lambda", "osf_svd_params.U_low", "adamss_A", "beft_bias", "deft_P",
    "frod_lambda_l", "hira_A", "lily_A", "peanut_A", "poly_lora_A", "psoft_R", "pvera_lambda_b",
    "shadow_x", "supertuning_values", "tinylora_v", "vera_lambda_b", "randlora_A",
    "vblora_logits", "fourierft_spectrum", "waveft_spectrum", "c3a_kernel", "hra_u",
    "miss_block", "shira_weight", "road_theta", "unilora_theta_d",
  ])
  func otherMethodsAreNamed(part: String) throws {
    let file = try TemporaryFile(zeros: ["base_model.model.a.q_proj.\(part)": [4, 4]])
    let error = try #require(throws: AdapterError.self) { try Adapter(file.file) }
    #expect(
      "\(error)".contains("adapter") && "\(error)".contains("not low-rank factors"), "\(error)")
  }

  @Test(arguments: ["boft", "oft"]) func rotationsOfPEFTAreNamed(name: String) throws {
    let adapter = try AdapterSource(path: Fixtures.path("peft/\(name)")).adapter()
    let base = CheckpointLayers(
      try Checkpoint(path: Fixtures.path("peft/qwen.safetensors")), for: [adapter])
    let combination = try Combination([.init(adapter, weight: 1)], base: base)
    let error = try #require(throws: AdapterError.self) {
      try combination.layers[0].difference()
    }
    #expect("\(error)".contains("rotation as PEFT trains it"))
  }
}

/// Factors of several experts are a product each, and nothing takes them for one.
@Suite struct ExpertsTests {
  /// With a configuration each expert of a parameter is a module of its own.
  @Test func configurationTells() throws {
    let adapter = try AdapterSource(path: Fixtures.path("peft/experts")).adapter()
    #expect(adapter.experts.isEmpty)
    #expect(adapter.modules.count { $0.expert == nil } == 1)
    let experts = adapter.modules.compactMap(\.expert)
    #expect(Set(experts.map(\.parameter)) == ["gate_up_proj", "down_proj"])
    #expect(experts.allSatisfy { experts.count == 2 * $0.count && $0.index < $0.count })
  }

  /// Names alone, and names that are another layer's.
  @Test(arguments: [
    ("mlp.experts", true), ("mlp.experts.base_layer", true), ("mlp.experts.3.up_proj", false),
    ("mlp.shared_expert.up_proj", false),
  ])
  func namesTell(name: String, isOfExperts: Bool) throws {
    let file = try TemporaryFile(zeros: [
      "base_model.model.\(name).lora_A.weight": [8, 6],
      "base_model.model.\(name).lora_B.weight": [5, 8],
      "base_model.model.q_proj.lora_A.weight": [2, 6],
      "base_model.model.q_proj.lora_B.weight": [5, 2],
    ])
    #expect(try Adapter(file.file).experts.isEmpty != isOfExperts)
  }

  /// A parameter of two extents has factors as a module has.
  @Test func aPlainParameterIsNoList() throws {
    let json =
      #"{"peft_type": "LORA", "r": 2, "lora_alpha": 2, "target_parameters": ["mix.weight"]}"#
    let configuration = try AdapterConfiguration(json: Array(json.utf8), path: "")
    #expect(!configuration.holdsExperts(module: "base_model.model.a.mix", rank: 2))
    #expect(configuration.holdsExperts(module: "base_model.model.a.mix", rank: 8))
    #expect(!configuration.holdsExperts(module: "base_model.model.a.remix", rank: 8))
  }
}
