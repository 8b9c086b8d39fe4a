import Names

extension Naming {
  /// XLabs-AI/x-flux: `double_blocks.0.processor.qkv_lora1.up.weight`, where the number tells the
  /// two streams of a block apart.
  package static let xlabs = Naming(
    name: "xlabs",
    spellings: [.xlabs, .attentionProcessor, .common],
    isShownBySuffixes: {
      !$0.spellings.isDisjoint(with: [.xlabs, .attentionProcessor]) && $0.isOfFlux
    },
    world: .original)
}

extension Spelling {
  static let xlabs = Spelling(
    "xlabs",
    [
      Suffix("_lora1.up.weight", .up, kept: 6),
      Suffix("_lora1.down.weight", .down, kept: 6),
      Suffix("_lora2.up.weight", .up, kept: 6),
      Suffix("_lora2.down.weight", .down, kept: 6),
    ])
}
