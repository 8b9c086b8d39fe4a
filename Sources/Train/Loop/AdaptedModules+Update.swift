import Compute
import Diffusion

extension AdaptedModules {
  /// The matrices as Adafactor factors them: over the last two extents of their shape in a file.
  var factoredTensors: [FactoredTensor] {
    var tensors: [FactoredTensor] = []
    var moments = 0
    for module in modules {
      for tensor in module.factored {
        let placed = FactoredTensor(
          offset: tensor.offset, outer: tensor.outer, rows: tensor.rows, columns: tensor.columns,
          inner: tensor.inner, moments: moments)
        tensors.append(placed)
        moments += placed.momentCount
      }
    }
    return tensors
  }

  var factoredMomentCount: Int {
    factoredTensors.reduce(0) { $0 + $1.momentCount }
  }
}

extension AdaptedModules.Module {
  fileprivate var factored: [FactoredTensor] {
    switch layer.kind {
    case .linear:
      [
        FactoredTensor(offset: down, rows: rank, columns: layer.inputs, moments: 0),
        FactoredTensor(offset: up, rows: layer.outputs, columns: rank, moments: 0),
      ]
    case .pointwise:
      [
        FactoredTensor(offset: down, outer: downCount, rows: 1, columns: 1, moments: 0),
        FactoredTensor(offset: up, outer: upCount, rows: 1, columns: 1, moments: 0),
      ]
    case .convolution:
      [
        FactoredTensor(
          offset: down, outer: rank, rows: 3, columns: 3, inner: layer.inputs, moments: 0),
        FactoredTensor(offset: up, outer: upCount, rows: 1, columns: 1, moments: 0),
      ]
    }
  }
}

extension AdaptedModules {
  /// The U·D whose norms `--scale-weight-norms` limits.
  var products: [LowRankProduct] {
    modules.map { module in
      LowRankProduct(
        down: module.down, up: module.up, rank: module.rank, inputs: module.layer.downWidth,
        outputs: module.layer.outputs, scale: module.alpha / Float(module.rank))
    }
  }
}
