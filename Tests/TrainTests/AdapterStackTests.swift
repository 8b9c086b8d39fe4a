import Adapters
import ComputeCPU
import Diffusion
import LinearAlgebra
import Safetensors
import Tensors
import TestSupport
import Testing

@testable import Train

/// Adapters that do not fit the model, or that cannot be used as they are asked for.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "this processor lacks what it needs"))
struct AdapterStackTests {
  static let module = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"

  static let hostile: [(parts: [String: Shape], sentence: String)] = [
    ([".lora_down.weight": [], ".lora_up.weight": [8, 2]], "which do not agree on the rank"),
    ([".lora_down.weight": [0, 8], ".lora_up.weight": [8, 0]], "none of its modules belongs"),
    (
      [".lora_down.weight": [2, 8], ".lora_up.weight": [2, 8]],
      "which do not agree on the rank; is the file whole?"
    ),
    (
      [".lora_down.weight": [2, 6], ".lora_up.weight": [8, 2]],
      "take the one that it was trained on"
    ),
    ([".lora_down.weight": [2, 8]], "has no up; is the file whole?"),
  ]

  @Test(arguments: hostile)
  func shapesThatDoNotFitAreRefused(_ example: (parts: [String: Shape], sentence: String)) throws {
    let file = try Self.adapter(Self.module, example.parts)
    let error = #expect(throws: AdapterError.self) { try Self.stack(file) }
    let message = "\(error.map(String.init(describing:)) ?? "nothing")"
    #expect(message.contains(example.sentence), "\(message)")
  }

  @Test func anAdapterOfAnotherModelIsRefused() throws {
    let file = try Self.adapter(
      "lora_unet_single_blocks_3_linear2",
      [".lora_down.weight": [2, 8], ".lora_up.weight": [8, 2]])
    let error = #expect(throws: AdapterError.self) { try Self.stack(file) }
    #expect(error?.description.contains("none of its modules belongs to this model") == true)
  }

  @Test func modulesWithoutALayerAndForeignTensorsAreLeftOut() throws {
    let absent = "lora_unet_up_blocks_9_attentions_0_proj_in"
    let encoder = "lora_te2_text_model_encoder_layers_0_mlp_fc1"
    var parts: [String: Shape] = ["bundle_emb.word.clip_l": [1, 8], "unknown": [2]]
    for module in [Self.module, absent, encoder] {
      parts[module + ".lora_down.weight"] = [2, 8]
      parts[module + ".lora_up.weight"] = [8, 2]
    }
    let stack = try Self.stack(try Self.adapter("", parts))
    let leftOut = try #require(stack.leftOut.first?.items)
    #expect(stack.leftOut.count == 1)
    #expect(leftOut[.modules].sorted() == [encoder, absent].sorted())
    #expect(leftOut[.embeddings] == ["bundle_emb.word.clip_l"])
    #expect(leftOut[.tensors] == ["unknown"])
  }

  @Test func nothingIsLeftOutOfAnAdapterThatFits() throws {
    let file = try Self.adapter(
      Self.module, [".lora_down.weight": [2, 8], ".lora_up.weight": [8, 2]])
    #expect(try Self.stack(file).leftOut.isEmpty)
  }

  /// What is trained further are two factors; other algorithms have no such.
  @Test(
    arguments: [
      (
        [
          ".hada_w1_a": [8, 2], ".hada_w1_b": [2, 8], ".hada_w2_a": [8, 2], ".hada_w2_b": [2, 8],
        ],
        "is LoHa, and only plain LoRA can be trained on"
      ),
      (
        [".lora_up.weight": [8, 2], ".lora_down.weight": [2, 8], ".dora_scale": [8, 1]],
        "is DoRA, and only plain LoRA can be trained on"
      ),
    ] as [([String: Shape], String)])
  func onlyFactorsAreTrainedOn(_ parts: [String: Shape], _ sentence: String) throws {
    let file = try Self.adapter(Self.module, parts)
    let (model, layers) = try Self.model
    let error = #expect(throws: TrainingError.self) {
      try TrainedAdapter(continuing: file.path, for: layers, in: model.path)
    }
    #expect("\(error.map(String.init(describing:)) ?? "")".contains(sentence))
  }

  /// What is written is read back, under every naming of the layers.
  @Test(arguments: [Self.module, "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"])
  func factorsAreRead(_ name: String) throws {
    let isKohya = name == Self.module
    let file = try Self.adapter(
      name,
      isKohya
        ? [".lora_up.weight": [8, 2], ".lora_down.weight": [2, 8]]
        : [".lora_B.weight": [8, 2], ".lora_A.weight": [2, 8]])
    let (model, layers) = try Self.model
    let adapter = try TrainedAdapter(continuing: file.path, for: layers, in: model.path)
    #expect(adapter.modules.modules.map(\.name) == [Self.module])
    #expect(adapter.modules.modules.map(\.rank) == [2])
    #expect(adapter.modules.modules.map(\.alpha) == [2])
    let numbers = try SafetensorsFile(path: file.path).header.entries.map(\.elementCount)
    #expect(numbers.reduce(0, +) == adapter.values.count)
  }

  private static var model: (PretrainedModel, [AdaptableLayer]) {
    get throws {
      let model = try PretrainedModel(path: Fixtures.path("train/tiny-model"))
      return (model, try model.unet(on: CPUBackend(threads: 1)).layers)
    }
  }

  private static func stack(_ file: AdapterOnDisk) throws -> AdapterStack {
    let (model, layers) = try Self.model
    return try AdapterStack([file.path], for: layers, of: model)
  }

  private static func adapter(
    _ module: String, _ parts: [String: Shape]
  ) throws -> AdapterOnDisk {
    let layout = Layout(
      parts.map { Layout.Tensor(name: module + $0.key, type: .float32, shape: $0.value) })
    let folder = try TemporaryFolder()
    let bytes =
      layout.header(metadata: Metadata())
      + [UInt8](repeating: 0, count: layout.dataByteCount)
    return AdapterOnDisk(folder: folder, path: try folder.write(bytes, to: "a.safetensors"))
  }

  private struct AdapterOnDisk {
    let folder: TemporaryFolder
    let path: String
  }
}
