import Names

/// Whose way a file's names are spelled.
package enum Naming: String, CaseIterable, Sendable {
  case kohya
  case diffusers

  /// The first of diffusers' forms: `….attn1.processor.to_q_lora.down.weight`.
  case attentionProcessors = "diffusers-attn-procs"
  case peft
  case comfy
  case mlx
  case cloneofsimo
  case onetrainer
  case loralib
  case xlabs
  case bflControl = "bfl-control"

  /// The naming that one module shows, by its prefix and how its parts are spelled.
  init(module name: String, prefix: String, spellings: Set<PartSpelling>, hasBias: Bool) {
    let isFlux = Self.flux.contains { name.hasPrefix($0) }
    if spellings.contains(.mlx) {
      self = .mlx
    } else if spellings.contains(.cloneofsimo) {
      self = .cloneofsimo
    } else if spellings.contains(.attentionProcessor) {
      self = isFlux ? .xlabs : .attentionProcessors
    } else if spellings.contains(.loralib) {
      self = .loralib
    } else {
      self = Self.byPrefix(prefix, name, spellings, hasBias)
    }
  }

  private static let flux = ["double_blocks.", "single_blocks."]

  private static func byPrefix(
    _ prefix: String, _ name: String, _ spellings: Set<PartSpelling>, _ hasBias: Bool
  ) -> Naming {
    switch prefix {
    case "lora_transformer_": return .onetrainer
    case "base_model.model.", "base_model.": return .peft
    case "diffusion_model.", "model.diffusion_model.": return .comfy
    case "": break
    case "pipe.dit.": return byPrefix("", String(name.dropFirst(prefix.count)), spellings, hasBias)
    default:
      if prefix.hasSuffix("_") { return .kohya }
      return prefix.hasPrefix("text_encoders.") ? .comfy : .diffusers
    }
    let isFlux = flux.contains { name.hasPrefix($0) }
    if isFlux && hasBias { return .bflControl }
    if BaseModel.isLanguageModel(name) { return .peft }
    // Bare names: diffusers' own, or those of the original model, as ComfyUI reads them.
    return !spellings.contains(.kohya) && isOfDiffusers(name) ? .diffusers : .comfy
  }

  private static func isOfDiffusers(_ path: String) -> Bool {
    let components = [
      "down_blocks.", "up_blocks.", "mid_block.", "transformer_blocks.",
      "single_transformer_blocks.", "text_model.", "x_embedder", "context_embedder", "proj_out",
      "norm_out.", "time_text_embed.", "conv_in", "conv_out", "time_embedding.", "add_embedding.",
    ]
    return components.contains { path.hasPrefix($0) } || contains(".attn1.to_", in: path)
  }
}
