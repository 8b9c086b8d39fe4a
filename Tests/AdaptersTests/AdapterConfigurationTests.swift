import Safetensors
import Testing

@testable import Adapters

@Suite struct AdapterConfigurationTests {
  private func scale(
    _ json: String, module: String = "base_model.model.layers.3.self_attn.q_proj",
    prefix: String = "base_model.model.", _ algorithm: any Algorithm = LoRA(), rank: Int = 8,
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
    #expect(try scale(#"{"r":8,"alpha":4}"#, LoKr(), rank: 0) == 0.5)
    #expect(try scale(#"{"r":8,"lora_alpha":4}"#, Full(), rank: 0) == nil)
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

  /// A key, a number that it must not hold, and what it may hold.
  static let hostile: [(json: String, sentence: String)] =
    ["r", "rank"].flatMap { key in
      ["-1", "0.5", "1048577", "18446744073709551615", "1e308"].map { value in
        ("{\"peft_type\": \"LOKR\", \"\(key)\": \(value)}", "'\(key)' holds")
      }
    } + [
      ("{\"peft_type\": \"LORA\", \"rank_pattern\": {\"q\": -4}}", "'rank_pattern' holds -4.0"),
      ("{\"lora_alpha\": 1e308}", "'lora_alpha' holds 1e+308"),
      ("{\"alpha_pattern\": {\"a\": 1, \"b\": -1e39}}", "'alpha_pattern' holds -1e+39"),
      ("{\"lora_parameters\": {\"rank\": 4, \"scale\": 1e300}}", "'scale' holds 1e+300"),
      ("{\"lora_parameters\": {\"rank\": -4}}", "'rank' holds -4.0"),
    ]

  @Test(arguments: hostile)
  func numbersOfNoAdapterAreRefused(_ example: (json: String, sentence: String)) {
    let error = #expect(throws: AdapterError.self) {
      try AdapterConfiguration(json: Array(example.json.utf8), path: "c")
    }
    #expect(
      error?.description.contains(example.sentence) == true, "\(String(describing: error))")
  }
}
