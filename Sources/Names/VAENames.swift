/// The names of a VAE's tensors: diffusers' current ones, those of older folders, and the original
/// ones.
///
/// Source: diffusers, `convert_from_ckpt.py`; checked on the keys of the VAE of SD 1.5 and SDXL.
package enum VAENames {
  private static let attention: [(new: String, old: String)] = [
    (".to_q.", ".query."), (".to_k.", ".key."), (".to_v.", ".value."),
    (".to_out.0.", ".proj_attn."),
  ]

  private static let fixed: [(diffusers: String, original: String)] = [
    ("mid_block.resnets.0.", "mid.block_1."), ("mid_block.resnets.1.", "mid.block_2."),
    ("mid_block.attentions.0.", "mid.attn_1."), ("attn_1.group_norm.", "attn_1.norm."),
    ("attn_1.to_q.", "attn_1.q."), ("attn_1.to_k.", "attn_1.k."), ("attn_1.to_v.", "attn_1.v."),
    ("attn_1.to_out.0.", "attn_1.proj_out."), ("conv_shortcut.", "nin_shortcut."),
    ("conv_norm_out.", "norm_out."),
  ]

  /// The possible locations of a tensor in a folder; attention layers once had other names.
  package static func locations(inFolder key: String) -> [TensorLocation] {
    let old = attention.reduce(key) { $0.replacing($1.new, with: $1.old) }
    return old == key ? [TensorLocation(key)] : [TensorLocation(key), TensorLocation(old)]
  }

  /// The location of a tensor in a single file.
  ///
  /// - Parameter levels: The number of levels; the decoder counts them from the other end.
  package static func original(_ key: String, levels: Int, prefix: String) -> TensorLocation {
    var name = key
    for level in 0..<levels {
      let up = levels - 1 - level
      for (diffusers, original) in [
        ("down_blocks.\(level).resnets.", "down.\(level).block."),
        ("down_blocks.\(level).downsamplers.0.", "down.\(level).downsample."),
        ("up_blocks.\(level).resnets.", "up.\(up).block."),
        ("up_blocks.\(level).upsamplers.0.", "up.\(up).upsample."),
      ] { name = name.replacing(diffusers, with: original) }
    }
    return TensorLocation(
      prefix + fixed.reduce(name) { $0.replacing($1.diffusers, with: $1.original) })
  }
}
