import Names
import Tensors

extension Naming {
  /// MLX-LM: `model.layers.0.….lora_a`, transposed, in a folder with its configuration.
  package static let mlx = Naming(
    name: "mlx",
    spellings: [.mlx, .common],
    isShownBySuffixes: { $0.spellings.contains(.mlx) },
    isTransposed: true,
    tables: .byName,
    magnitudes: { $0.isConvolution ? nil : [$0.outputs] },
    folder: Folder(weights: "adapters.safetensors", configuration: { $0.mlx }),
    readers: { _ in ["MLX-LM"] },
    moduleName: { target, _ in target.network == .denoiser ? target.path : nil })
}

extension Spelling {
  static let mlx = Spelling(
    "mlx", [Suffix(".lora_b", .up), Suffix(".lora_a", .down), Suffix(".m", .magnitude)])
}
