// The names that model files give to tensors. Everything else in this module speaks diffusers'
// names of today; here stand all others.
//
// Source: diffusers, `convert_original_stable_diffusion_to_diffusers.py`; checked on the keys of
// SD 1.5, SDXL and their VAE.

/// Where diffusers' keys are found in a single-file checkpoint or an older folder.
enum CheckpointKeys {
  static let unetPrefix = "model.diffusion_model."
  static let vaePrefix = "first_stage_model."

  /// Prefixes of the text encoder's keys in the naming of transformers.
  static let clipPrefixes = [
    "cond_stage_model.transformer.", "conditioner.embedders.0.transformer.",
  ]

  /// Prefixes of the text encoder's keys in OpenCLIP's naming: SD 2, the second of SDXL.
  static let openCLIPPrefixes = ["cond_stage_model.model.", "conditioner.embedders.1.model."]
}

/// The layout of a U-Net's blocks, on which the original names of its layers depend.
struct OriginalUNetNames {
  let resnetsPerBlock: Int

  /// Whether each up block, first to last, has attention.
  let upBlocksHaveAttention: [Bool]

  private static let fixed: [(diffusers: String, original: String)] = [
    ("conv_in", "input_blocks.0.0"), ("conv_norm_out", "out.0"), ("conv_out", "out.2"),
    ("time_embedding.linear_1", "time_embed.0"), ("time_embedding.linear_2", "time_embed.2"),
    ("add_embedding.linear_1", "label_emb.0.0"), ("add_embedding.linear_2", "label_emb.0.2"),
    ("mid_block.attentions.0", "middle_block.1"),
  ]

  private static let resnet = [
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
  ]

  /// The original implementation's name of a layer or tensor, dotted, without prefix.
  func name(_ key: String) -> String {
    for (diffusers, original) in Self.fixed where key.hasPrefix(diffusers) {
      return original + key.dropFirst(diffusers.count)
    }
    let pieces = key.split(separator: ".", maxSplits: 4).map(String.init)
    if pieces[0] == "mid_block" {
      let rest = key.split(separator: ".", maxSplits: 3).map(String.init)
      return "middle_block.\(2 * (Int(rest[2]) ?? 0)).\(Self.inResnet(rest[3]))"
    }
    guard pieces.count == 5, let block = Int(pieces[1]), let index = Int(pieces[3]),
      upBlocksHaveAttention.indices.contains(block)
    else { return key }
    let isDown = pieces[0] == "down_blocks"
    let first = (resnetsPerBlock + 1) * block
    return place(pieces[2], rest: pieces[4], isDown: isDown, block, index, first: first)
  }

  private func place(
    _ kind: String, rest: String, isDown: Bool, _ block: Int, _ index: Int, first: Int
  ) -> String {
    let number = isDown ? first + index + 1 : first + index
    let blocks = isDown ? "input_blocks" : "output_blocks"
    switch kind {
    case "resnets": return "\(blocks).\(number).0.\(Self.inResnet(rest))"
    case "attentions": return "\(blocks).\(number).1.\(rest)"
    case "downsamplers":
      return "input_blocks.\(first + resnetsPerBlock + 1).0.op" + rest.dropFirst("conv".count)
    default:
      let part = upBlocksHaveAttention[block] ? 2 : 1
      return "output_blocks.\(first + resnetsPerBlock).\(part).\(rest)"
    }
  }

  private static func inResnet(_ rest: String) -> String {
    let pieces = rest.split(separator: ".", maxSplits: 1).map(String.init)
    return ([resnet[pieces[0]] ?? pieces[0]] + pieces.dropFirst()).joined(separator: ".")
  }
}

extension CheckpointKeys {
  /// Where a VAE's tensor may lie in a folder: attention layers had other names once.
  static func folderVAE(_ key: String) -> [TensorLocation] {
    var old = key
    for (new, name) in [
      (".to_q.", ".query."), (".to_k.", ".key."), (".to_v.", ".value."),
      (".to_out.0.", ".proj_attn."),
    ] { old = old.replacing(new, with: name) }
    return old == key ? [TensorLocation(key)] : [TensorLocation(key), TensorLocation(old)]
  }

  /// Where a VAE's tensor lies in a single file.
  static func originalVAE(
    _ key: String, levels: Int, prefix: String = vaePrefix
  ) -> [TensorLocation] {
    var name = key
    for level in 0..<levels {
      name = name.replacing("down_blocks.\(level).resnets.", with: "down.\(level).block.")
      name = name.replacing(
        "down_blocks.\(level).downsamplers.0.", with: "down.\(level).downsample.")
      let up = levels - 1 - level
      name = name.replacing("up_blocks.\(level).resnets.", with: "up.\(up).block.")
      name = name.replacing("up_blocks.\(level).upsamplers.0.", with: "up.\(up).upsample.")
    }
    for (diffusers, original) in [
      ("mid_block.resnets.0.", "mid.block_1."), ("mid_block.resnets.1.", "mid.block_2."),
      ("mid_block.attentions.0.", "mid.attn_1."), ("attn_1.group_norm.", "attn_1.norm."),
      ("attn_1.to_q.", "attn_1.q."), ("attn_1.to_k.", "attn_1.k."), ("attn_1.to_v.", "attn_1.v."),
      ("attn_1.to_out.0.", "attn_1.proj_out."), ("conv_shortcut.", "nin_shortcut."),
      ("conv_norm_out.", "norm_out."),
    ] { name = name.replacing(diffusers, with: original) }
    return [TensorLocation(prefix + name)]
  }

  /// Where a text encoder's tensor lies, in the naming of transformers with this prefix.
  ///
  /// Since transformers 5.6, and in some old files, keys lack `text_model.`.
  static func clip(_ key: String, prefix: String) -> [TensorLocation] {
    [TensorLocation(prefix + key), TensorLocation(prefix + key.replacing("text_model.", with: ""))]
  }

  /// Where a text encoder's tensor lies in OpenCLIP's naming.
  static func openCLIP(_ key: String, prefix: String) -> [TensorLocation] {
    if key == "text_projection.weight" {
      return [TensorLocation(prefix + "text_projection", .transposed)]
    }
    var name = key
    var piece = TensorLocation.Piece.whole
    for (index, letter) in ["q", "k", "v"].enumerated()
    where name.contains("self_attn.\(letter)_proj.") {
      name = name.replacing("self_attn.\(letter)_proj.", with: "attn.in_proj_")
      piece = .third(index)
    }
    for (transformers, original) in [
      ("text_model.embeddings.token_embedding.", "token_embedding."),
      ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
      ("text_model.encoder.layers.", "transformer.resblocks."),
      ("text_model.final_layer_norm.", "ln_final."), ("layer_norm1.", "ln_1."),
      ("layer_norm2.", "ln_2."), ("self_attn.out_proj.", "attn.out_proj."),
      ("mlp.fc1.", "mlp.c_fc."), ("mlp.fc2.", "mlp.c_proj."),
    ] { name = name.replacing(transformers, with: original) }
    return [TensorLocation(prefix + name, piece)]
  }
}
