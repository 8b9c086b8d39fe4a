import Compute
import Tensors

/// A frozen 3×3 convolution that adapters can stand beside.
struct Convolution {
  /// [outputs, 3, 3, inputs].
  private let weight: Tensor
  private let bias: Tensor
  private let stride: Int
  private let padding: Padding
  private let layers: [AdaptableLayer]

  init(
    _ key: String, _ inputs: Int, _ outputs: Int, stride: Int = 1,
    padding: Padding = Padding(1), name: LayerName? = nil, _ reader: Reader
  ) throws {
    let values = try reader.weights.values("\(key).weight", [outputs, inputs, 3, 3])
    weight = reader.tensor(
      channelsLast(values, outputs, inputs, 9), [outputs, 3, 3, inputs])
    bias = reader.tensor(try reader.weights.values("\(key).bias", [outputs]), [outputs])
    self.stride = stride
    self.padding = padding
    layers =
      name.map {
        [AdaptableLayer(name: $0, inputs: inputs, outputs: outputs, kind: .convolution)]
      } ?? []
  }

  var adaptable: [AdaptableWeight] { [AdaptableWeight(weight: weight, layers: layers)] }

  /// - Parameter sampleBias: [b, outputs], added to every pixel.
  func callAsFunction(
    _ x: Tensor, sampleBias: Tensor? = nil, adding residual: Tensor? = nil,
    _ adapters: DeviceAdapters?
  ) -> Tensor {
    x.convolution(
      weight, bias: bias, sampleBias: sampleBias, adding: residual, stride: stride,
      padding: padding, branch: adapters?.branch(beside: layers))
  }
}

/// Moves the channels of [outer, channels, pixels] behind the pixels; with the two counts exchanged it
/// moves them back.
package func channelsLast(
  _ values: [Float], _ outer: Int, _ channels: Int, _ pixels: Int
) -> [Float] {
  var result = [Float](repeating: 0, count: values.count)
  for index in 0..<outer {
    let start = index * channels * pixels
    for channel in 0..<channels {
      for pixel in 0..<pixels {
        result[start + pixel * channels + channel] = values[start + channel * pixels + pixel]
      }
    }
  }
  return result
}
