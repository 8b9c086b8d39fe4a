import Names
import Safetensors
import Testing

@testable import Adapters

/// Every scheme of the table, by every word of it.
@Suite struct QuantizationTests {
  static let words = Quantization.schemes.flatMap { scheme in
    scheme.words.filter { $0 != "weight" }.map { (scheme.title, $0) }
  }

  private func layers(_ file: TemporaryFile) throws -> CheckpointLayers {
    CheckpointLayers(
      Checkpoint(path: "model", parts: [.init(component: "", file: try file.file)]))
  }

  @Test(arguments: words) func aSchemeIsRefusedByName(title: String, word: String) throws {
    let layer = "model.diffusion_model.double_blocks.0.img_attn.proj"
    let encoder = "text_encoders.clip_l.transformer.text_model.encoder.layers.0.mlp.fc1.weight"
    let file = try TemporaryFile(zeros: [
      "\(layer).weight": [4, 4], "\(layer).weight.\(word)": [4], encoder: [4, 4],
    ])
    let layers = try layers(file)
    let quantization = try #require(Quantization.unread(in: layers.checkpoint)[.denoiser])
    #expect(quantization.scheme.hasPrefix(title))
    #expect(quantization.weightCount == 1 && quantization.example.hasSuffix(word))
    // The text encoder is none of it.
    try layers.checkNumbers(of: [.textEncoder(1)])
    #expect(throws: AdapterError(file: "model", reason: .quantized(quantization))) {
      try layers.checkNumbers(of: [.textEncoder(1), .denoiser])
    }
    #expect(Checkpoint.isCheckpoint(try file.file.header))
  }

  @Test func theMetadataOfComfyUISaysTheFormat() throws {
    let file = try TemporaryFile(
      zeros: ["layers.0.attention.qkv.weight": [4, 4]],
      metadata: [
        "_quantization_metadata":
          #"{"format_version": "1.0", "layers": {"layers.0.attention.qkv": {"format": "nvfp4"}}}"#
      ])
    #expect(try layers(file).checkpoint.quantizationSchemes == ["ComfyUI's nvfp4"])
  }

  @Test func weightsOfFloatsAreNumbers() throws {
    let file = try TemporaryFile(zeros: [
      "layers.0.attention.qkv.weight": [4, 4], "layers.0.norm.weight": [4],
      "layers.0.attention.qkv.bias": [4], "logit_scale": [],
    ])
    #expect(try layers(file).checkpoint.quantizationSchemes.isEmpty)
  }

  @Test func aQuantisedVAEIsLeftAlone() throws {
    let file = try TemporaryFile(zeros: ["first_stage_model.decoder.conv_in.weight_scale": [1]])
    #expect(try layers(file).checkpoint.quantizationSchemes.isEmpty)
  }
}
