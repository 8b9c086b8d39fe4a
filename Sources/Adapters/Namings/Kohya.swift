import Names
import Tensors

extension Naming {
  /// kohya-ss/sd-scripts and LyCORIS: `lora_unet_down_blocks_0_….lora_up.weight`.
  package static let kohya = Naming(
    name: "kohya",
    spellings: [.common, .kohya, .kohyaJoined],
    isShownByPrefix: { $0.hasSuffix("_") && $0 != "lora_transformer_" },
    world: .trainer,
    storesAlpha: true,
    holdsDifferences: true,
    biases: .all,
    holdsLyCORIS: true,
    magnitudes: { $0.magnitudesOfLyCORIS },
    holdsEmbeddings: true,
    namesNetworkModule: true,
    renamesModules: true,
    readers: { ($0?.trainers ?? ["sd-scripts"]) + ["ComfyUI"] },
    moduleName: { $0.kohyaName(in: $1) })
}

extension Spelling {
  static let kohya = Spelling(
    "kohya",
    [
      Suffix(".lora_up.weight", .up),
      Suffix(".lora_down.weight", .down),
      Suffix(".lora_mid.weight", .mid),
      Suffix(".lora_up.bias", .biasDifference),
    ])

  /// The spelling with the separator lost.
  static let kohyaJoined = Spelling(
    "kohya joined", [Suffix("_lora_up.weight", .up), Suffix("_lora_down.weight", .down)])
}

extension Module.Extents {
  /// The shape of LyCORIS's magnitudes, one per output.
  var magnitudesOfLyCORIS: Shape { Shape([outputs, 1] + kernel.map { _ in 1 }) }
}
