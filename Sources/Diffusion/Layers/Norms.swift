import Compute

/// A frozen group normalization, with SiLU behind it or not.
struct GroupNorm {
  private let weight: Tensor
  private let bias: Tensor
  private let groups: Int
  private let epsilon: Float
  private let activation: Activation?

  init(
    _ key: String, _ channels: Int, groups: Int, epsilon: Float, activation: Activation? = nil,
    _ reader: Reader
  ) throws {
    weight = try reader.vector("\(key).weight", channels)
    bias = try reader.vector("\(key).bias", channels)
    self.groups = groups
    self.epsilon = epsilon
    self.activation = activation
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    x.groupNorm(
      groups: groups, weight: weight, bias: bias, epsilon: epsilon, activation: activation)
  }
}

/// A frozen layer normalization.
struct LayerNorm {
  private let weight: Tensor
  private let bias: Tensor
  private let epsilon: Float

  init(_ key: String, _ channels: Int, epsilon: Float, _ reader: Reader) throws {
    weight = try reader.vector("\(key).weight", channels)
    bias = try reader.vector("\(key).bias", channels)
    self.epsilon = epsilon
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(weight: weight, bias: bias, epsilon: epsilon)
  }
}
