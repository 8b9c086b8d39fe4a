import Adapters
import Foundation
import Images
import LinearAlgebra
import Safetensors
import Tensors
import TestSupport
import Testing

/// An adapter beside the model draws what the model draws that it was merged into.
@Suite(.enabled(if: Processor.unsupportedReason == nil, "this processor lacks what it needs"))
struct SampledAdaptersTests {
  struct Case: CustomTestStringConvertible {
    let name: String
    let layers: [String]

    /// The parts of each module, with their shapes; those that begin with `+` are positive.
    let parts: [(suffix: String, shape: Shape)]
    var configuration: String?

    var testDescription: String { name }
  }

  private static let attention = ["up_blocks.1", "mid_block"].map {
    "\($0).attentions.0.transformer_blocks.0."
  }
  private static let linear = attention.flatMap { block in
    ["attn1.to_v", "attn1.to_out.0", "attn2.to_v", "attn2.to_out.0"].map { block + $0 }
  }
  private static let biased = attention.map { $0 + "attn1.to_out.0" }
  private static let convolutions = ["mid_block.resnets.0.conv1", "up_blocks.1.resnets.1.conv2"]
  private static let text = ["q_proj", "k_proj", "v_proj", "out_proj"].map {
    "text_model.encoder.layers.0.self_attn.\($0)"
  }
  private static let factors: [(suffix: String, shape: Shape)] = [
    (".lora_up.weight", [8, 2]), (".lora_down.weight", [2, 8]), (".alpha", []),
  ]
  private static let peft: [(suffix: String, shape: Shape)] = [
    (".lora_B.weight", [8, 2]), (".lora_A.weight", [2, 8]),
  ]

  private static func kohya(_ paths: [String], _ prefix: String = "lora_unet_") -> [String] {
    paths.map { prefix + $0.replacing(".", with: "_") }
  }

  /// Every algorithm of which an update is known, as sd-scripts and LyCORIS name them.
  static let algorithms: [String: [Case]] = [
    "lora": [
      Case(name: "LoRA", layers: kohya(linear) + kohya(text, "lora_te_"), parts: factors),
      Case(
        name: "LoRA with a bias", layers: kohya(biased), parts: factors + [(".diff_b", [8])]),
      Case(
        name: "LoRA of a convolution", layers: kohya(convolutions),
        parts: [(".lora_up.weight", [8, 2, 1, 1]), (".lora_down.weight", [2, 8, 3, 3])]),
      Case(
        name: "LoRA with a core", layers: kohya(convolutions),
        parts: [
          (".lora_up.weight", [8, 2, 1, 1]), (".lora_down.weight", [2, 8, 1, 1]),
          (".lora_mid.weight", [2, 2, 3, 3]),
        ]),
      Case(
        name: "LoRA of a layer that has no factors beside it", layers: ["lora_unet_conv_in"],
        parts: [(".lora_up.weight", [8, 2, 1, 1]), (".lora_down.weight", [2, 4, 3, 3])]),
    ],
    "dora": [
      Case(
        name: "DoRA", layers: kohya(linear) + kohya(text, "lora_te_"),
        parts: factors + [("+.dora_scale", [8, 1])]),
      Case(
        name: "DoRA over inputs", layers: kohya(linear),
        parts: factors + [("+.dora_scale", [1, 8])]
      ),
    ],
    "loha": [
      Case(
        name: "LoHa", layers: kohya(linear) + kohya(text, "lora_te_"),
        parts: [
          (".hada_w1_a", [8, 2]), (".hada_w1_b", [2, 8]), (".hada_w2_a", [8, 2]),
          (".hada_w2_b", [2, 8]), (".alpha", []),
        ])
    ],
    "lokr": [
      Case(
        name: "LoKr", layers: kohya(linear),
        parts: [(".lokr_w1", [2, 2]), (".lokr_w2_a", [4, 2]), (".lokr_w2_b", [2, 4])])
    ],
    "full": [
      Case(
        name: "a full difference", layers: kohya(biased) + kohya(text, "lora_te_"),
        parts: [(".diff", [8, 8]), (".diff_b", [8])])
    ],
    "ia3": [
      Case(
        name: "(IA)³", layers: kohya(linear), parts: [(".weight", [8]), (".on_input", [])])
    ],
    "glora": [
      Case(
        name: "GLoRA", layers: kohya(linear),
        parts: [
          (".a1.weight", [8, 2]), (".a2.weight", [2, 8]), (".b1.weight", [8, 2]),
          (".b2.weight", [2, 8]), (".alpha", []),
        ])
    ],
    "oft": [Case(name: "OFT", layers: kohya(linear), parts: [(".oft_blocks", [2, 4, 4])])],
    "boft": [Case(name: "BOFT", layers: kohya(linear), parts: [(".oft_blocks", [2, 2, 4, 4])])],
    "norm": [
      Case(
        name: "a difference of a norm",
        layers: kohya(attention.map { $0 + "norm2" } + ["mid_block.resnets.0.norm1"]),
        parts: [(".w_norm", [8]), (".b_norm", [8])])
    ],
  ]

  /// Every naming that a U-Net's layers have a name in; the others are for transformers.
  static let namings: [Naming: [Case]] = [
    .kohya: [
      Case(
        name: "kohya, one word", layers: kohya(linear),
        parts: [("_lora_up.weight", [8, 2]), ("_lora_down.weight", [2, 8])])
    ],
    .diffusers: [
      Case(name: "diffusers", layers: linear.map { "unet." + $0 }, parts: peft),
      Case(
        name: "diffusers, old", layers: linear.map { "unet." + $0 },
        parts: [(".lora.up.weight", [8, 2]), (".lora.down.weight", [2, 8])]),
    ],
    .attentionProcessors: [
      Case(
        name: "attention processors",
        layers: attention.flatMap { block in
          ["attn1.processor.to_v", "attn2.processor.to_out"].map { "unet." + block + $0 }
        }, parts: [("_lora.up.weight", [8, 2]), ("_lora.down.weight", [2, 8])])
    ],
    .peft: [
      Case(
        name: "PEFT", layers: linear.map { "base_model.model." + $0 }, parts: peft,
        configuration: #"{"peft_type": "LORA", "r": 2, "lora_alpha": 3}"#),
      Case(
        name: "PEFT, DoRA", layers: linear.map { "base_model.model." + $0 },
        parts: peft + [("+.lora_magnitude_vector", [8])],
        configuration: #"{"peft_type": "LORA", "r": 2, "lora_alpha": 3, "use_dora": true}"#),
      Case(
        name: "PEFT, (IA)³", layers: linear.map { "base_model.model." + $0 },
        parts: [(".ia3_l", [8, 1])], configuration: #"{"peft_type": "IA3"}"#),
    ],
    .comfy: [
      Case(
        name: "ComfyUI",
        layers: ["attn1.to_v", "attn1.to_out.0", "attn2.to_out.0"].map {
          "diffusion_model.middle_block.1.transformer_blocks.0." + $0
        }, parts: peft)
    ],
    .mlx: [
      Case(name: "MLX", layers: linear, parts: [(".lora_a", [8, 2]), (".lora_b", [2, 8])])
    ],
    .cloneofsimo: [
      Case(
        name: "cloneofsimo", layers: ["unet:2", "unet:3", "unet:7"],
        parts: [(":up", [8, 2]), (":down", [2, 8])])
    ],
    .loralib: [
      Case(name: "loralib", layers: linear, parts: [(".lora_B", [8, 2]), (".lora_A", [2, 8])])
    ],
    .onetrainer: [], .xlabs: [], .bflControl: [], .original: [],
  ]

  @Test func allNamingsAndAlgorithmsAreThere() {
    #expect(Set(Self.namings.keys) == Set(Naming.all))
    #expect(Set(Self.algorithms.keys) == Set(Adapters.algorithms.map(\.name)))
  }

  private static let cases = (Array(algorithms.values.joined()) + Array(namings.values.joined()))
    .sorted { $0.name < $1.name }

  @Test(arguments: cases)
  func samplesAsMerged(_ example: Case) throws {
    let folder = try TemporaryFolder()
    let adapter = try write(example, to: folder)
    let merged = try Program.run(
      "merge", "\(adapter):0.8", "--into", Self.model, "-o", folder["baked"], "-q")
    #expect(merged.status == 0, "\(merged.errors)")
    let expected = try picture(folder, ["--model", folder["baked"]])
    let found = try picture(folder, ["--model", Self.model, "--lora", "\(adapter):0.8"])
    #expect(expected.count == found.count)
    let farthest = zip(expected, found).map { abs(Int($0) - Int($1)) }.max()
    #expect(farthest ?? 255 <= 1)
    let plain = try picture(folder, ["--model", Self.model])
    #expect(zip(plain, found).contains { abs(Int($0) - Int($1)) > 8 }, "nothing was added")
  }

  /// One of factors and one that changes weights: together, and the model as it was between.
  @Test func severalWorkTogether() throws {
    let folder = try TemporaryFolder()
    let cases = try [#require(Self.algorithms["lora"]?[0]), #require(Self.algorithms["dora"]?[0])]
    let adapters = try cases.map { try write($0, to: folder) }
    let merged = try Program.run(
      "merge", "\(adapters[0]):0.5", "\(adapters[1]):-1", "--into", Self.model, "-o",
      folder["baked"], "-q")
    #expect(merged.status == 0, "\(merged.errors)")
    let expected = try picture(folder, ["--model", folder["baked"]])
    let stacked = ["--model", Self.model, "--lora", "\(adapters[0]):0.5", "--lora"]
    let found = try picture(folder, stacked + ["\(adapters[1]):-1"])
    #expect((zip(expected, found).map { abs(Int($0) - Int($1)) }.max() ?? 255) <= 1)
    let range = try picture(folder, stacked + ["\(adapters[1]):-1..0/3", "--columns", "weight2"])
    #expect(range.count > 3 * found.count)
  }

  /// Plain factors of the U-Net and of the text encoder, and one that changes the model's tensors.
  private func steppedCases() throws -> [Case] {
    try [#require(Self.algorithms["lora"]?[0]), #require(Self.algorithms["dora"]?[0])]
  }

  @Test func adapterThatIsNeverOnChangesNothing() throws {
    let folder = try TemporaryFolder()
    for example in try steppedCases() {
      let arguments = ["--model", Self.model, "--steps", "4"]
      let plain = try picture(folder, arguments)
      let lora = ["--lora", try write(example, to: folder)]
      #expect(try picture(folder, arguments + lora + ["--adapter-from", "1"]) == plain)
      let always = try picture(folder, arguments + lora)
      #expect(try picture(folder, arguments + lora + ["--adapter-from", "0"]) == always)
      for window in ["0.25", "2"] {
        let partly = try picture(folder, arguments + lora + ["--adapter-from", window])
        #expect(partly != plain && partly != always, "\(example.name) from \(window)")
      }
    }
  }

  /// What is on in some steps and again in the others is on in all; other samplers count alike.
  @Test(arguments: ["ddim", "euler", "euler_a", "dpmsolver++"])
  func stepsAddUp(_ sampler: String) throws {
    let folder = try TemporaryFolder()
    for example in try steppedCases() {
      let adapter = try write(example, to: folder)
      let arguments = ["--model", Self.model, "--steps", "5", "--sampler", sampler, "--lora"]
      let always = try picture(folder, arguments + [adapter + ":0.7"])
      let inParts = try picture(
        folder, arguments + [adapter + ":0.7@0-0.4", "--lora", adapter + ":0.7@2-5"])
      #expect(inParts == always, "\(example.name)")
      let middle = try picture(folder, arguments + [adapter + ":0.7@0.2-0.6"])
      #expect(middle != always)
    }
  }

  @Test func nameWithAColonAndAnAtIsAName() throws {
    let folder = try TemporaryFolder()
    let adapter = try write(steppedCases()[0], to: folder)
    let name = URL(filePath: adapter).lastPathComponent
    let odd = try folder.write(folder.bytes(name), to: "a:1@0-0.5")
    let arguments = ["--model", Self.model, "--lora"]
    #expect(try picture(folder, arguments + [odd]) == picture(folder, arguments + [adapter]))
    #expect(
      try picture(folder, arguments + [odd + ":0.5@0.5-1"])
        == picture(folder, arguments + [adapter + ":0.5@0.5"]))
  }

  @Test func reportSaysTheSteps() throws {
    let folder = try TemporaryFolder()
    let adapter = try write(steppedCases()[0], to: folder)
    let outcome = try Program.run(
      "sample", "--model", Self.model, "--tokenizer", "paperdoll/model/tokenizer", "--steps", "4",
      "--width", "32", "--height", "32", "-q", "--lora", "\(adapter):1@0.5-0.75", "--lora", adapter,
      "--json", "-o", folder["a.png"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains(#/"first_step" : 3,\s+"steps" : 1,\s+"weight" : 1/#))
    #expect(outcome.output.components(separatedBy: "first_step").count == 2)
  }

  static let senseless: [(arguments: [String], status: Int32, message: String)] = [
    (["--adapter-from", "0.5"], 64, "--adapter-from is a step of adapters; give --lora FILE"),
    (["--lora", "x.st:1@0.8-0.2"], 1, "x.st: @0.8-0.2 is none of the 30 steps"),
    (["--lora", "x.st", "--adapter-from", "5.5"], 64, "--adapter-from takes a share of the steps"),
    (["--lora", "x.st:1@y"], 1, "'y' are no steps; write FILE:0.5@0.2-0.8"),
  ]

  @Test(arguments: senseless)
  func senselessStepsAreRefused(
    _ example: (arguments: [String], status: Int32, message: String)
  ) throws {
    let outcome = try Program.run(
      ["sample", "--model", Self.model] + example.arguments + ["-o", "never.png"])
    #expect(outcome.status == example.status, "\(outcome.errors)")
    #expect(outcome.errors.contains(example.message), "\(outcome.errors)")
  }

  /// A module of another model beside those that fit: `merge --into` leaves it out with a word, too.
  @Test func modulesWithoutALayerAreNamed() throws {
    let folder = try TemporaryFolder()
    let absent = "lora_unet_up_blocks_9_attentions_0_proj_in"
    let adapter = try write(
      Case(name: "", layers: Self.kohya(Self.linear) + [absent], parts: Self.factors), to: folder)
    let arguments = Self.settings + ["--model", Self.model, "--lora", adapter, "--json"]
    let outcome = try Program.run(["sample"] + arguments + ["-o", folder["a.png"]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.errors.contains("lora: \(adapter): left out: 1 module (\(absent))"),
      "\(outcome.errors)")
    let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let leftOut = (report as? [String: Any])?["left_out"] as? [String: [String: [String]]]
    #expect(leftOut == [adapter: ["modules": [absent]]])
  }

  // MARK: - Making and drawing

  private static let settings = [
    "--tokenizer", "paperdoll/model/tokenizer", "--prompt", "a head", "--seed", "1", "--steps", "2",
    "--width", "32", "--height", "32", "--threads", "1",
  ]

  private static let model = "train/tiny-model"

  /// - Returns: The adapter's file, or its folder where a configuration lies beside it.
  private func write(_ example: Case, to folder: TemporaryFolder) throws -> String {
    let layout = Layout(
      example.layers.flatMap { layer in
        example.parts.map {
          Layout.Tensor(
            name: layer + $0.suffix.drop { $0 == "+" }, type: .float32, shape: $0.shape)
        }
      })
    let positive = example.parts.filter { $0.suffix.hasPrefix("+") }.map { $0.suffix.dropFirst() }
    var bytes = layout.header(metadata: Metadata())
    for (index, tensor) in layout.tensors.enumerated() {
      let name = tensor.name.string
      let count = tensor.shape.elementCount ?? 0
      var numbers = Philox(seed: 3, stream: UInt64(index)).normals(count: count)
      if positive.contains(where: { name.hasSuffix($0) }) {
        numbers = numbers.map { 1 + abs($0) / 10 }
      }
      if name.hasSuffix(".alpha") { numbers = [0.3] }
      if name.hasSuffix(".on_input") { numbers = [0] }
      bytes += encoded(numbers.map(Double.init), as: .float32)
    }
    guard let configuration = example.configuration else {
      return try folder.write(bytes, to: "\(UUID().uuidString).safetensors")
    }
    try folder.write(bytes, to: "adapter_model.safetensors")
    try folder.write(configuration.utf8, to: "adapter_config.json")
    return folder.path
  }

  private func picture(_ folder: TemporaryFolder, _ arguments: [String]) throws -> [UInt8] {
    let name = "\(UUID().uuidString).png"
    let outcome = try Program.run(
      ["sample"] + Self.settings + ["-q"] + arguments + ["-o", folder[name]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let bytes = try folder.bytes(name)
    return try unsafe Picture(decoding: bytes.span.bytes, file: name).bytes
  }
}
