package import Safetensors

extension Checkpoint {
  /// A network of a model, as the names of its tensors show it.
  package enum Component: Hashable, Comparable, Sendable {
    case textEncoder(Int)
    case denoiser
    case vae
    case controlNet

    /// The denoiser's running average, which only trainers use.
    case movingAverage

    /// Any other network, named by its folder or by the first word of its tensors' names.
    case other(String)

    package var label: String {
      switch self {
      case .textEncoder(1): "text encoder"
      case .textEncoder(let number): "text encoder \(number)"
      case .denoiser: "denoiser"
      case .vae: "VAE"
      case .controlNet: "ControlNet"
      case .movingAverage: "EMA copy"
      case .other(let name): name.isEmpty ? "other" : name
      }
    }
  }

  /// The tensors by component: text encoders first, then in the order of the data flow.
  package var components: [(component: Component, entries: [Header.Entry])] {
    var grouped: [Component: [Header.Entry]] = [:]
    for part in parts {
      let ofFolder = Self.component(ofFolder: part.component)
      for entry in part.file.header.entries {
        let component = ofFolder ?? Self.component(of: entry.name.string)
        grouped[component, default: []].append(entry)
      }
    }
    return grouped.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func component(ofFolder name: String) -> Component? {
    switch name {
    case "": nil
    case "unet", "transformer", "prior": .denoiser
    case "vae", "movq": .vae
    case "text_encoder": .textEncoder(1)
    case "text_encoder_2": .textEncoder(2)
    case "text_encoder_3": .textEncoder(3)
    default: .other(name)
    }
  }

  /// The networks of a single file differ by prefixes; files of one network have no prefix.
  private static let prefixes: [(text: String, component: Component)] = [
    ("model.diffusion_model.", .denoiser), ("diffusion_model.", .denoiser),
    ("first_stage_model.", .vae), ("vae.", .vae), ("model_ema.", .movingAverage),
    ("control_model.", .controlNet), ("controlnet_", .controlNet),
    ("cond_stage_model.", .textEncoder(1)), ("conditioner.embedders.0.", .textEncoder(1)),
    ("conditioner.embedders.1.", .textEncoder(2)), ("text_encoders.clip_l.", .textEncoder(1)),
    ("text_encoders.clip_g.", .textEncoder(2)), ("text_encoders.t5xxl.", .textEncoder(3)),
    ("text_encoders.", .textEncoder(1)), ("text_model.", .textEncoder(1)),
    ("encoder.block.", .textEncoder(1)), ("encoder.", .vae), ("decoder.", .vae),
    ("quant_conv.", .vae), ("post_quant_conv.", .vae), ("text_projection.", .textEncoder(1)),
  ]

  private static let bare = [
    "down_blocks.", "up_blocks.", "mid_block.", "input_blocks.", "middle_block.", "output_blocks.",
    "conv_in.", "conv_out.", "conv_norm_out.", "time_embedding.", "time_embed.", "add_embedding.",
    "label_emb.", "double_blocks.", "single_blocks.", "joint_blocks.", "transformer_blocks.",
    "single_transformer_blocks.", "blocks.", "layers.", "img_in.", "txt_in.", "time_in.",
    "vector_in.", "guidance_in.", "final_layer.", "x_embedder.", "context_embedder.", "proj_out.",
    "norm_out.", "time_text_embed.", "out.",
  ]

  private static func component(of name: String) -> Component {
    if let match = prefixes.first(where: { name.utf8.starts(with: $0.text.utf8) }) {
      return match.component
    }
    if bare.contains(where: { name.utf8.starts(with: $0.utf8) }) { return .denoiser }
    return .other(String(name.prefix { $0 != "." }))
  }
}
