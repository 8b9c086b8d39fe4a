import Compute

/// Two convolutions with a way around them.
struct Resnet {
  private let norm1: GroupNorm
  private let conv1: Convolution
  private let timeProjection: Linear?
  private let norm2: GroupNorm
  private let conv2: Convolution
  private let shortcut: Linear?

  /// - Parameters:
  ///   - timeWidth: Of the time embedding; `nil` in a VAE, which has none.
  ///   - name: Gives adapters' names of its layers; `nil` in a VAE.
  init(
    _ key: String, _ inputs: Int, _ outputs: Int, timeWidth: Int?, groups: Int, epsilon: Float,
    name: ((String) -> LayerName)?, _ reader: Reader
  ) throws {
    norm1 = try GroupNorm(
      "\(key).norm1", inputs, groups: groups, epsilon: epsilon, activation: .silu, reader)
    conv1 = try Convolution(
      "\(key).conv1", inputs, outputs, name: name?("\(key).conv1"), reader)
    timeProjection = try timeWidth.map { width in
      try Linear(
        "\(key).time_emb_proj", width, outputs, name: name?("\(key).time_emb_proj"), reader)
    }
    norm2 = try GroupNorm(
      "\(key).norm2", outputs, groups: groups, epsilon: epsilon, activation: .silu, reader)
    conv2 = try Convolution(
      "\(key).conv2", outputs, outputs, name: name?("\(key).conv2"), reader)
    shortcut =
      inputs == outputs
      ? nil
      : try Linear(
        "\(key).conv_shortcut", inputs, outputs, name: name?("\(key).conv_shortcut"), reader)
  }

  var adaptable: [AdaptableWeight] {
    conv1.adaptable + (timeProjection?.adaptable ?? []) + conv2.adaptable
      + (shortcut?.adaptable ?? [])
  }

  /// - Parameter time: SiLU of the time embedding, [b, timeWidth].
  func callAsFunction(_ x: Tensor, time: Tensor? = nil, _ adapters: DeviceAdapters?) -> Tensor {
    let bias = time.flatMap { time in timeProjection.map { $0(time, adapters) } }
    let hidden = conv1(norm1(x), sampleBias: bias, adapters)
    let straight = shortcut.map { $0(x, adapters) } ?? x
    return conv2(norm2(hidden), adding: straight, adapters)
  }
}
