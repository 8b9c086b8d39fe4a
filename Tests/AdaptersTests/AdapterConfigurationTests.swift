import Safetensors
import Testing

@testable import Adapters

@Suite struct AdapterConfigurationTests {
  private func scale(
    _ json: String, module: String = "base_model.model.layers.3.self_attn.q_proj",
    prefix: String = "base_model.model.", _ algorithm: Algorithm = .lora, rank: Int = 8,
    storedAlpha: Double? = nil
  ) throws -> Double? {
    let configuration = try AdapterConfiguration(
      json: Array(json.utf8), path: "adapter_config.json")
    return configuration.scaling(
      of: module, prefix: prefix, algorithm, rank: rank, storedAlpha: storedAlpha)?.scale
  }

  @Test(arguments: [
    (#"{"peft_type":"LORA","r":8,"lora_alpha":16}"#, 2.0),
    (#"{"r":8,"lora_alpha":16,"use_rslora":true}"#, 16 / 8.0.squareRoot()),
    (#"{"lora_alpha":16,"alpha_pattern":{"q_proj":4}}"#, 0.5),
    (#"{"lora_alpha":16,"alpha_pattern":{"layers.3.self_attn.q_proj":4}}"#, 0.5),
    (#"{"lora_alpha":16,"alpha_pattern":{"3.self_attn.v_proj":4}}"#, 2),
    (#"{"lora_alpha":16,"alpha_pattern":{"proj":4}}"#, 2),  // no whole component
    (#"{"lora_alpha":16,"alpha_pattern":{"layers\\.[0-9]+\\.self_attn\\.(q|k)_proj":4}}"#, 0.5),
    (#"{"lora_alpha":16,"alpha_pattern":{"layers\\.[5-9]\\..*":4}}"#, 2),
    (#"{"lora_alpha":16,"alpha_pattern":{"^layers.3.self_attn.q_proj":4}}"#, 0.5),
    // The first that matches counts, whatever its place in the alphabet.
    (#"{"lora_alpha":16,"alpha_pattern":{"self_attn.q_proj":4,"q_proj":8}}"#, 0.5),
    (#"{"lora_alpha":16,"alpha_pattern":{".*q_proj":32,"layers\\.3.*":4}}"#, 4),
    (#"{"lora_alpha":16,"alpha_pattern":{"layers\\.3.*":4,".*q_proj":32}}"#, 0.5),
    (#"{"peft_type":"LOHA","r":8,"alpha":4}"#, 0.5),
    // MLX: the factor itself, whatever rank and alpha say.
    (#"{"fine_tune_type":"lora","lora_parameters":{"rank":8,"alpha":16,"scale":10.0}}"#, 10),
    (#"{"lora_parameters":{"rank":8,"alpha":16}}"#, 2),
  ])
  func scaleIsThatOfTheTrainer(json: String, expected: Double) throws {
    #expect(try scale(json) == expected)
  }

  @Test func nothingSaidIsNothingKnown() throws {
    #expect(try scale("{}") == nil)
    #expect(try scale(#"{"lora_alpha":"16"}"#) == nil)
  }

  @Test func storedAlphaCountsMore() throws {
    #expect(try scale(#"{"r":8,"lora_alpha":16}"#, storedAlpha: 8) == 1)
  }

  @Test func wholeKroneckerFactorsAreScaledByTheConfiguredRank() throws {
    #expect(try scale(#"{"r":8,"alpha":4}"#, .lokr, rank: 0) == 0.5)
    #expect(try scale(#"{"r":8,"lora_alpha":4}"#, .full, rank: 0) == nil)
  }

  @Test(arguments: ["", "[]", "{", "null"])
  func whatIsNoObjectIsRefused(json: String) {
    #expect(throws: AdapterError.self) { try scale(json) }
  }

  @Test func diffusersKeepsOneConfigurationForEachComponent() throws {
    let text = #"{"unet.lora_alpha":8,"unet.r":4,"text_encoder.lora_alpha":2,"text_encoder.r":4}"#
    let file = try TemporaryFile(
      zeros: [
        "unet.a.to_q.lora_A.weight": [4, 6], "unet.a.to_q.lora_B.weight": [6, 4],
        "text_encoder.b.lora_A.weight": [4, 6], "text_encoder.b.lora_B.weight": [6, 4],
      ], metadata: ["lora_adapter_metadata": text])
    #expect(try Adapter(file.file).modules.map(\.scale) == [0.5, 2])
  }
}
