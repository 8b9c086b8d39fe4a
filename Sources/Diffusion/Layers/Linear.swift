import Compute
import Tensors

/// A frozen y = x Wᵀ + b, or several of one input joined, that adapters can stand beside.
struct Linear {
  /// [outputs, inputs].
  private let weight: Tensor
  private let bias: Tensor?

  /// One of each of the joined layers, in the order of their columns.
  private let layers: [AdaptableLayer]

  /// Reads one layer; a 1×1 convolution is one too.
  ///
  /// - Parameter name: What adapters call it; `nil` where none may change it.
  init(_ key: String, _ inputs: Int, _ outputs: Int, name: LayerName? = nil, _ reader: Reader)
    throws
  {
    try self.init(joining: [(key, outputs, name)], inputs: inputs, reader)
  }

  /// Reads layers that take the same input, as one.
  init(
    joining parts: [(key: String, outputs: Int, name: LayerName?)], inputs: Int, _ reader: Reader
  ) throws {
    var (weights, biases) = ([Float](), [Float]())
    for part in parts {
      weights += try reader.weights.values("\(part.key).weight", [part.outputs, inputs])
      if reader.weights.has("\(part.key).bias") {
        biases += try reader.weights.values("\(part.key).bias", [part.outputs])
      }
    }
    let outputs = parts.reduce(0) { $0 + $1.outputs }
    weight = reader.tensor(weights, [outputs, inputs])
    bias = biases.isEmpty ? nil : reader.tensor(biases, [outputs])
    layers = parts.compactMap { part in
      part.name.map {
        AdaptableLayer(
          name: $0, inputs: inputs, outputs: part.outputs,
          kind: reader.weights.shape("\(part.key).weight")?.rank == 4 ? .pointwise : .linear)
      }
    }
  }

  var adaptable: [AdaptableWeight] { [AdaptableWeight(weight: weight, layers: layers)] }

  func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil, _ adapters: DeviceAdapters?)
    -> Tensor
  {
    x.linear(weight, bias: bias, adding: residual, branch: adapters?.branch(beside: layers))
  }
}

/// A weight, which may join several layers, and those of its layers that adapters may change.
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
