/// A program's way to name and divide a model's layers.
package enum World: CaseIterable, Hashable, Sendable {
  /// The names of the model's authors, used by ComfyUI's checkpoints and most single files.
  case original

  /// The names of diffusers' classes.
  case diffusers

  /// The names that a trainer flattens: sd-scripts' or musubi-tuner's.
  case trainer
}
