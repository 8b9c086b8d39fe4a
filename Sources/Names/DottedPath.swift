/// The dots that flattening took out of a layer's path.
///
/// sd-scripts joins a path by `_`, which its words contain too. The words of the models that
/// LoRAs are made for are known: the path is cut at the longest words that fit.
package enum DottedPath {
  /// Words that hold an underscore, by their first letter, longest first; all others stand
  /// between two of them.
  private static let words: [UInt8: [[UInt8]]] = Dictionary(
    grouping: """
      down_blocks up_blocks mid_block transformer_blocks proj_in proj_out to_q to_k to_v to_out to_qkv
      conv_in conv_out conv_norm_out conv_shortcut time_emb_proj time_embedding add_embedding linear_1
      linear_2 text_model self_attn cross_attn q_proj k_proj v_proj out_proj o_proj output_proj
      text_projection final_layer_norm layer_norm1 layer_norm2 group_norm
      double_blocks single_blocks img_attn txt_attn img_mlp txt_mlp img_mod txt_mod img_in txt_in
      time_in vector_in guidance_in in_layer out_layer final_layer adaLN_modulation
      single_transformer_blocks add_q_proj add_k_proj add_v_proj to_add_out proj_mlp ff_context
      norm1_context x_embedder context_embedder time_text_embed timestep_embedder text_embedder
      guidance_embedder norm_out joint_blocks context_block x_block t_embedder y_embedder
      adaln_modulation adaln_modulation_self_attn adaln_modulation_cross_attn adaln_modulation_mlp
      llm_adapter feed_forward noise_refiner context_refiner adaLN_modulation cap_embedder
      individual_token_refiner k_img v_img norm_k norm_q time_projection img_emb
      text_embedding up_proj down_proj gate_proj DenseReluDense wi_0 wi_1 input_blocks output_blocks
      middle_block in_layers out_layers emb_layers skip_connection time_embed label_emb
      audio_attn1 audio_attn2 audio_ff audio_to_video_attn video_to_audio_attn to_gate_logits
      single_stream_modulation double_stream_modulation_img double_stream_modulation_txt
      scale_shift_table patchify_proj caption_projection adaln_single txt_norm layerwise_blocks
      refiner_blocks embed_tokens lm_head token_embedding position_embedding
      """
      .split(whereSeparator: { $0 == " " || $0 == "\n" })
      .map { Array($0.utf8) }
      .sorted { $0.count > $1.count }, by: { $0[0] })

  /// Returns the dotted path of a flattened one, a guess where its words are unknown; `nil` where
  /// two underscores leave a piece empty.
  package static func path(of key: String) -> String? {
    let bytes = Array(key.utf8)
    var path: [UInt8] = []
    var position = 0
    while position < bytes.count {
      if position > 0 { path.append(UInt8(ascii: ".")) }
      let rest = bytes[position...]
      let length =
        words[bytes[position]]?.first {
          rest.starts(with: $0) && ends(at: position + $0.count, bytes)
        }?.count
        ?? rest.firstIndex(of: UInt8(ascii: "_")).map { $0 - position } ?? rest.count
      if length == 0 { return nil }
      path += bytes[position..<position + length]
      position += length + 1
    }
    return String(decoding: path, as: UTF8.self)
  }

  private static func ends(at index: Int, _ bytes: [UInt8]) -> Bool {
    index == bytes.count || bytes[index] == UInt8(ascii: "_")
  }
}

/// A number of a block or a layer; `nil` for what is none, or is beyond all that networks have.
package func layerNumber(_ text: some StringProtocol) -> Int? {
  Int(text).flatMap { (0..<100_000).contains($0) ? $0 : nil }
}

/// Whether a name holds some bytes.
///
/// `String.contains` goes by characters and prepares a table for every search: for the dozens of
/// questions that thousands of names are asked, that took longer than all else together.
package func contains(_ part: String, in name: String) -> Bool {
  let (part, name) = (part.utf8.span, name.utf8.span)
  guard part.count <= name.count else { return false }
  return (0...name.count - part.count).contains { start in
    part.indices.allSatisfy { name[start + $0] == part[$0] }
  }
}
