import Compute

/// A layer that adapters may change, with the weight that they leave as it is.
struct FrozenLayer {
  let layer: AdaptableLayer

  /// Perhaps joined with others'.
  let weight: Tensor

  /// Elements of the weight before the layer's.
  let offset: Int

  /// Adds scale · U D to the weight, in the type that it is kept in.
  ///
  /// D and U lie as in the flat parameters, whose convolutions have channels last as weights do.
  fileprivate func add(_ module: AdaptedModules.Module, of values: [Float], scale: Float) {
    let width = layer.downWidth
    let part = weight.slice(offset..<offset + layer.outputs * width)
    var sum = part.values()
    for output in 0..<layer.outputs {
      for rank in 0..<module.rank {
        let factor = scale * values[module.up + output * module.rank + rank]
        guard factor != 0 else { continue }
        let (row, down) = (output * width, module.down + rank * width)
        for column in 0..<width { sum[row + column] += factor * values[down + column] }
      }
    }
    part.write(sum)
  }
}

extension UNet {
  /// Adds an adapter to the weights for good, as sd-scripts does with base weights; all copies of
  /// the network share them.
  package func add(_ modules: AdaptedModules, _ values: [Float], multiplier: Float) {
    Diffusion.add(modules, values, multiplier, to: frozen)
  }
}

extension TextEncoder {
  /// Adds an adapter to the weights for good, as sd-scripts does with base weights; all copies of
  /// the network share them.
  package func add(_ modules: AdaptedModules, _ values: [Float], multiplier: Float) {
    Diffusion.add(modules, values, multiplier, to: frozen)
  }
}

private func add(
  _ modules: AdaptedModules, _ values: [Float], _ multiplier: Float, to layers: [FrozenLayer]
) {
  for frozen in layers {
    guard let (_, module) = modules.module(for: frozen.layer) else { continue }
    frozen.add(module, of: values, scale: multiplier * module.alpha / Float(module.rank))
  }
}
