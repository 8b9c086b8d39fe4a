import Compute

/// A weight with the layers that adapters may change, of which it may join several.
struct AdaptableWeight {
  /// [outputs of all layers, in]; a convolution's [outputs, 3, 3, in].
  let weight: Tensor
  let layers: [AdaptableLayer]

  /// Adds multiplier · alpha / rank · U·D of each layer's adapter, on the host.
  func merge(_ modules: AdaptedModules, values: [Float], multiplier: Float) {
    guard layers.contains(where: { modules.module(for: $0) != nil }) else { return }
    var weights = weight.values()
    var row = 0
    for layer in layers {
      if let module = modules.module(for: layer)?.module {
        let scale = multiplier * module.alpha / Float(module.rank)
        let width = layer.downWidth
        for output in 0..<layer.outputs {
          for rank in 0..<module.rank {
            let factor = scale * values[module.up + output * module.rank + rank]
            let (target, source) = ((row + output) * width, module.down + rank * width)
            for column in 0..<width { weights[target + column] += factor * values[source + column] }
          }
        }
      }
      row += layer.outputs
    }
    weight.write(weights)
  }
}
