/// Whose words a layer's name is in: what divides a model's layers in its own way.
package enum World: CaseIterable, Hashable, Sendable {
  /// The model's authors', which ComfyUI's checkpoints and most single files have.
  case original

  /// Those of diffusers' classes.
  case diffusers

  /// Those of the trainer whose names are flattened: sd-scripts or musubi-tuner.
  case trainer
}
