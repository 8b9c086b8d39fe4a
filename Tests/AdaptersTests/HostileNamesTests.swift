import Names
import Safetensors
import Tensors
import TestSupport
import Testing

@testable import Adapters

/// Names and shapes that no trainer writes: they may be misread, but nothing may trap.
@Suite struct HostileNamesTests {
  private static let pieces = [
    "lora_unet_", "lora_unet__", "lora_te_", "unet", "unet:", "text_encoder:", "text_encoders.",
    "transformer.",
    "base_model.model.", "diffusion_model.", "down_blocks", "input_blocks_", "output_blocks_",
    "up_blocks_",
    "mid_block", "attentions", "resnets_0_", "downsamplers", "processor", "modules_to_save",
    "double_blocks", "to_q", "_", "__",
    ".", "..", ":", "0", "-1", "7", "00", "9223372036854775807", "9223372036854775808", "é",
    "\u{0}", "🐈", "\u{301}",
    "lora_A", "lora_up.weight", ".lora_down.weight", "_lora.down.weight", ".alpha", ".weight",
    ":up", "hada_w1_a", "diff_m",
  ]

  @Test(arguments: 0..<8) func nothingTraps(stream: UInt64) {
    var generator = Philox(seed: 11, stream: stream)
    for _ in 0..<4000 {
      let count = Int.random(in: 0...7, using: &generator)
      let name = (0..<count).compactMap { _ in Self.pieces.randomElement(using: &generator) }
        .joined()
      _ = PartName(name)
      let (target, prefix) = Target.parse(name)
      #expect(name.utf8.starts(with: prefix.utf8))
      let block = Block(of: target)
      #expect(!(block < block))
      _ = UNetNames.diffusersKey(original: target.key)
      _ = UNetNames.originalKey(diffusers: target.key, in: BaseModel.sd1.unetLayout)
      _ = DottedPath.path(of: name)
      _ = BaseModel(recognising: [.init(target: target, outputs: 768, inputs: 768)])
    }
  }

  /// Tensors without elements may claim any extents.
  @Test(arguments: [
    ["a.lokr_w1": [4_611_686_018_427_387_904, 0], "a.lokr_w2": [4, 4]],
    ["a.lora_up.weight": [4_611_686_018_427_387_904, 0], "a.lora_down.weight": [2, 5]],
    ["a.diff": [0, 4_611_686_018_427_387_904, 4]],
    ["a.oft_blocks": [4_611_686_018_427_387_904, 0, 4]],
    ["a.lokr_w1": [2, 2, 3, 3], "a.lokr_w2": [4, 4]],
    [
      "a.lora_up.weight": [4, 2], "a.lora_down.weight": [2, 5, 3, 3],
      "a.lora_mid.weight": [2, 2, 3, 3],
    ],
    ["a.hada_w1_a": [4], "a.hada_w1_b": [4], "a.hada_w2_a": [4], "a.hada_w2_b": [4]],
    ["a.a1.weight": [4], "a.a2.weight": [4], "a.b1.weight": [4], "a.b2.weight": [4]],
    ["a.lora_up.weight": [], "a.lora_down.weight": []],
  ])
  func shapesThatFitNothingAreRefused(shapes: [String: [Int]]) throws {
    let file = try TemporaryFile(zeros: shapes)
    #expect(throws: (any Error).self) { try Adapter(file.file) }
  }
}
