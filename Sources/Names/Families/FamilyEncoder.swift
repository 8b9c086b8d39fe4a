/// A text encoder of a family, and its name in every world.
package struct FamilyEncoder: Hashable, Sendable {
  /// The naming of the layers after the prefixes.
  enum Kind: Hashable, Sendable {
    case clip
    case t5
    case languageModel
  }

  /// The encoder's number in `Target.Network`.
  package let number: Int
  let kind: Kind

  /// ComfyUI's name: `text_encoders.NAME.transformer.…`.
  let comfy: String

  /// The component of diffusers' pipeline.
  let diffusers: String

  /// The prefix of sd-scripts' names: `lora_te1`.
  let trainer: String

  /// The prefix of OneTrainer's names.
  let oneTrainer: String

  /// The path before `layers.` of a language model, in ComfyUI and in diffusers' component.
  let comfyRoot: String
  let diffusersRoot: String

  private init(
    _ number: Int, _ kind: Kind, _ comfy: String, _ diffusers: String, _ trainer: String,
    _ oneTrainer: String?, comfyRoot: String = "", diffusersRoot: String = ""
  ) {
    self.number = number
    self.kind = kind
    self.comfy = comfy
    self.diffusers = diffusers
    self.trainer = trainer
    self.oneTrainer = oneTrainer ?? trainer
    self.comfyRoot = comfyRoot
    self.diffusersRoot = diffusersRoot
  }

  /// An encoder like CLIP-L.
  static func clip(
    _ comfy: String, number: Int = 1, diffusers: String = "text_encoder", trainer: String,
    oneTrainer: String? = nil
  ) -> Self {
    Self(number, .clip, comfy, diffusers, trainer, oneTrainer)
  }

  static func t5(
    _ comfy: String, number: Int = 3, diffusers: String, trainer: String,
    oneTrainer: String? = nil
  ) -> Self {
    Self(number, .t5, comfy, diffusers, trainer, oneTrainer)
  }

  /// A language model: Qwen, Gemma or Llama.
  static func languageModel(
    _ comfy: String, number: Int = 1, diffusers: String = "text_encoder",
    trainer: String = "lora_te", oneTrainer: String? = nil, comfyRoot: String = "model.",
    diffusersRoot: String = "model."
  ) -> Self {
    Self(
      number, .languageModel, comfy, diffusers, trainer, oneTrainer, comfyRoot: comfyRoot,
      diffusersRoot: diffusersRoot)
  }
}
