import Names

extension Naming {
  /// diffusers' oldest form: `….attn1.processor.to_q_lora.down.weight`; it holds only the four
  /// projections of attention.
  package static let attentionProcessors = Naming(
    name: "diffusers-attn-procs",
    spellings: [.attentionProcessor, .common],
    isShownBySuffixes: { $0.spellings.contains(.attentionProcessor) && !$0.isOfFlux },
    moduleName: { target, _ in
      guard target.network == .denoiser, let path = target.path else { return nil }
      for layer in ["to_q", "to_k", "to_v", "to_out.0"] where path.hasSuffix(".\(layer)") {
        let block = path.dropLast(layer.utf8.count + 1)
        guard block.hasSuffix(".attn1") || block.hasSuffix(".attn2") else { return nil }
        return "unet.\(block).processor.\(layer == "to_out.0" ? "to_out" : layer)"
      }
      return nil
    })
}

extension Spelling {
  static let attentionProcessor = Spelling(
    "attention processor",
    [
      Suffix("_lora.up.weight", .up),
      Suffix("_lora.down.weight", .down),
    ])
}
