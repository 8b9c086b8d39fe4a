// The targets in files that number layers instead of naming them.

extension Target {
  private static let cloneofsimoBlocks =
    (0..<6).map { "down_blocks_\($0 / 2)_attentions_\($0 % 2)" }
    + (0..<9).map { "up_blocks_\($0 / 3 + 1)_attentions_\($0 % 3)" } + ["mid_block_attentions_0"]

  private static let cloneofsimoLayers = [
    "attn1_to_q", "attn1_to_k", "attn1_to_v", "attn1_to_out_0", "ff_net_0_proj", "attn2_to_q",
    "attn2_to_k", "attn2_to_v", "attn2_to_out_0",
  ]

  /// The n-th layer in the order of cloneofsimo/lora's classes: `unet:7`, `text_encoder:3`.
  static func cloneofsimo(_ name: String) -> Target? {
    guard let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")),
      let index = Int(name[name.index(after: colon)...]), index >= 0
    else { return nil }
    switch name[..<colon] {
    case "unet" where index < 144:
      let block = cloneofsimoBlocks[index / 9]
      let key = "\(block)_transformer_blocks_0_\(cloneofsimoLayers[index % 9])"
      return Target(network: .denoiser, key: key, path: DottedPath.path(of: key))
    case "text_encoder" where index < 48:
      let layer = ["k_proj", "v_proj", "q_proj", "out_proj"][index % 4]
      let key = "text_model_encoder_layers_\(index / 4)_self_attn_\(layer)"
      return Target(network: .textEncoder(1), key: key, path: DottedPath.path(of: key))
    default: return nil
    }
  }
}
