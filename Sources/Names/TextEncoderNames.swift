/// The paths of text encoders' layers in transformers' words, with `#` for layer numbers.
enum TextEncoderNames {
  static let paths: [String] = clip + t5 + languageModel

  private static let clip: [String] =
    [
      "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "mlp.fc1",
      "mlp.fc2", "layer_norm1", "layer_norm2",
    ].map { "text_model.encoder.layers.#.\($0)" } + [
      "text_model.embeddings.token_embedding", "text_model.embeddings.position_embedding",
      "text_model.final_layer_norm", "text_projection",
    ]

  private static let t5: [String] =
    [
      "SelfAttention.q", "SelfAttention.k", "SelfAttention.v", "SelfAttention.o",
      "SelfAttention.relative_attention_bias", "DenseReluDense.wi", "DenseReluDense.wi_0",
      "DenseReluDense.wi_1", "DenseReluDense.wo", "layer_norm",
    ].map { "encoder.block.#.layer.#.\($0)" } + ["encoder.final_layer_norm", "shared"]

  private static let languageModel: [String] = ["", "model.", "model.language_model."].flatMap {
    root in
    [
      "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
      "self_attn.qkv_proj", "self_attn.q_norm", "self_attn.k_norm", "mlp.gate_proj", "mlp.up_proj",
      "mlp.down_proj", "mlp.gate_up_proj", "input_layernorm", "post_attention_layernorm",
      "pre_feedforward_layernorm", "post_feedforward_layernorm",
    ].map { "\(root)layers.#.\($0)" } + ["\(root)embed_tokens", "\(root)norm"]
  }
}
