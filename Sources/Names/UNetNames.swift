/// The two sets of flattened names of Stable Diffusion's U-Nets: the original (LDM)
/// implementation's and diffusers'.
///
/// Source: diffusers, `convert_original_stable_diffusion_to_diffusers.py`.
package enum UNetNames {
  /// The layout that determines the numbers in the original names.
  package struct Layout: Hashable, Sendable {
    /// The number in a down block; an up block has one more.
    let resnetsPerBlock: Int

    /// The up blocks with attention; an upsampler's number depends on them.
    let attentionUpBlocks: Set<Int>

    package init(resnetsPerBlock: Int, attentionUpBlocks: Set<Int>) {
      self.resnetsPerBlock = resnetsPerBlock
      self.attentionUpBlocks = attentionUpBlocks
    }
  }

  private static let fixed: [(original: String, diffusers: String)] = [
    ("time_embed_0", "time_embedding_linear_1"),
    ("time_embed_2", "time_embedding_linear_2"),
    ("label_emb_0_0", "add_embedding_linear_1"),
    ("label_emb_0_2", "add_embedding_linear_2"),
    ("input_blocks_0_0", "conv_in"),
    ("out_0", "conv_norm_out"),
    ("out_2", "conv_out"),
    ("middle_block_0", "mid_block_resnets_0"),
    ("middle_block_1", "mid_block_attentions_0"),
    ("middle_block_2", "mid_block_resnets_1"),
  ]

  private static let resnetParts: [(original: String, diffusers: String)] = [
    ("in_layers_0", "norm1"), ("in_layers_2", "conv1"), ("emb_layers_1", "time_emb_proj"),
    ("out_layers_0", "norm2"), ("out_layers_3", "conv2"), ("skip_connection", "conv_shortcut"),
  ]

  /// Returns diffusers' name for an original one of SD 1, 2 or XL, which have two resnets per down
  /// block; `nil` if the name is not an original one.
  package static func diffusersKey(original key: String) -> String? {
    for (original, diffusers) in fixed {
      guard let rest = key.dropping(prefix: original) else { continue }
      return diffusers + (diffusers.contains("resnets") ? resnet(rest, to: \.diffusers) : rest)
    }
    if let (number, part, rest) = numbers(after: "input_blocks_", in: key), number > 0 {
      let (block, index) = ((number - 1) / 3, (number - 1) % 3)
      if index == 2 { return rest == "_op" ? "down_blocks_\(block)_downsamplers_0_conv" : nil }
      return layer("down_blocks_\(block)", index, part, rest)
    }
    if let (number, part, rest) = numbers(after: "output_blocks_", in: key) {
      let (block, index) = (number / 3, number % 3)
      if rest == "_conv" { return "up_blocks_\(block)_upsamplers_0_conv" }
      return layer("up_blocks_\(block)", index, part, rest)
    }
    return nil
  }

  /// Returns the original name for diffusers' one; `nil` if the name is not diffusers'.
  package static func originalKey(diffusers key: String, in layout: Layout) -> String? {
    for (original, diffusers) in fixed {
      guard let rest = key.dropping(prefix: diffusers) else { continue }
      return original + (diffusers.contains("resnets") ? resnet(rest, to: \.original) : rest)
    }
    for (side, prefix) in [("down", "down_blocks_"), ("up", "up_blocks_")] {
      guard let (block, kind, index, rest) = blockLayer(after: prefix, in: key) else { continue }
      let count = layout.resnetsPerBlock + 1
      let first = side == "down" ? 1 + count * block : count * block
      let name = side == "down" ? "input_blocks" : "output_blocks"
      switch kind {
      case "resnets": return "\(name)_\(first + index)_0\(resnet(rest, to: \.original))"
      case "attentions": return "\(name)_\(first + index)_1\(rest)"
      case "downsamplers": return "\(name)_\(first + count - 1)_0_op"
      case "upsamplers":
        let part = layout.attentionUpBlocks.contains(block) ? 2 : 1
        return "\(name)_\(first + count - 1)_\(part)_conv"
      default: return nil
      }
    }
    return nil
  }

  /// Returns the original name of a tensor for diffusers' one, both dotted: the last word of
  /// `X.weight` stays, and a name that is not diffusers' stays unchanged.
  package static func originalPath(diffusers path: String, in layout: Layout) -> String {
    guard let dot = path.lastIndex(of: "."),
      let key = originalKey(diffusers: String(path[..<dot]).replacing(".", with: "_"), in: layout),
      let original = DottedPath.path(of: key)
    else { return path }
    return original + path[dot...]
  }

  /// Parses `_0_1_rest` after a prefix: the block's number and the part's.
  private static func numbers(
    after prefix: String, in key: String
  ) -> (number: Int, part: Int, rest: String)? {
    guard key.utf8.starts(with: prefix.utf8) else { return nil }
    let pieces = key.dropFirst(prefix.count).split(separator: "_", maxSplits: 2)
    guard pieces.count >= 2, let number = layerNumber(pieces[0]), let part = layerNumber(pieces[1])
    else {
      return nil
    }
    return (number, part, pieces.count == 3 ? "_" + pieces[2] : "")
  }

  /// Parses `1_resnets_0_rest` after a prefix.
  private static func blockLayer(
    after prefix: String, in key: String
  ) -> (block: Int, kind: Substring, index: Int, rest: String)? {
    guard key.utf8.starts(with: prefix.utf8) else { return nil }
    let pieces = key.dropFirst(prefix.count).split(separator: "_", maxSplits: 3)
    guard pieces.count >= 3, let block = layerNumber(pieces[0]), let index = layerNumber(pieces[2])
    else {
      return nil
    }
    return (block, pieces[1], index, pieces.count == 4 ? "_" + pieces[3] : "")
  }

  private static func layer(_ block: String, _ index: Int, _ part: Int, _ rest: String) -> String? {
    switch part {
    case 0: "\(block)_resnets_\(index)\(resnet(rest, to: \.diffusers))"
    case 1: "\(block)_attentions_\(index)\(rest)"
    default: nil
    }
  }

  private static func resnet(
    _ rest: String, to wanted: KeyPath<(original: String, diffusers: String), String>
  ) -> String {
    let name = rest.dropFirst()
    let part = resnetParts.first { $0.original == name || $0.diffusers == name }
    return part.map { "_" + $0[keyPath: wanted] } ?? rest
  }
}

extension String {
  /// The text after a prefix that ends at a `_` or at the end; `nil` if the string does not begin
  /// so.
  fileprivate func dropping(prefix: String) -> String? {
    guard utf8.starts(with: prefix.utf8) else { return nil }
    let rest = utf8.dropFirst(prefix.utf8.count)
    return rest.isEmpty || rest.first == UInt8(ascii: "_") ? String(rest) : nil
  }
}
