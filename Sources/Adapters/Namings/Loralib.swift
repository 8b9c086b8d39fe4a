import Names

extension Naming {
  /// microsoft/LoRA: `….lora_A`, without `.weight`.
  package static let loralib = Naming(
    name: "loralib",
    spellings: [.loralib, .common],
    isShownBySuffixes: { $0.spellings.contains(.loralib) },
    readers: { _ in ["loralib"] },
    moduleName: { target, _ in target.network == .denoiser ? target.path : nil })
}

extension Spelling {
  static let loralib = Spelling("loralib", [Suffix(".lora_B", .up), Suffix(".lora_A", .down)])
}
