/// The figures of a step: a line of the log.
struct StepRecord: Codable, Hashable {
  /// Names one of a slider's two runs; nil for any other run.
  var copy: SliderCopy?

  /// Counted from 1.
  let step: Int
  let epoch: Int

  /// The mean over the batches of the step.
  let loss: Double

  /// The mean over the last steps.
  let averageLoss: Double

  /// The rate of the first group of weights, after the schedule.
  let learningRate: Double

  /// The length of the gradient before it was shortened.
  let gradientNorm: Double

  /// Since the run began, or was resumed.
  let seconds: Double

  /// Bytes of the device's memory that are in use or kept for tensors.
  let memory: Int

  enum CodingKeys: String, CodingKey {
    case copy
    case step
    case epoch
    case loss
    case averageLoss = "average_loss"
    case learningRate = "lr"
    case gradientNorm = "grad_norm"
    case seconds
    case memory = "memory_bytes"
  }
}

/// The mean of the losses last seen.
struct LossAverage: Hashable {
  private var losses: [Double] = []
  private var next = 0
  private let window: Int

  /// - Parameter window: Losses that count: those of an epoch, as sd-scripts shows them, and at
  ///   most 100.
  init(batchesPerEpoch: Int) { window = max(1, min(batchesPerEpoch, 100)) }

  /// Counts one more loss in place of the oldest.
  mutating func add(_ loss: Double) -> Double {
    if losses.count < window {
      losses.append(loss)
    } else {
      losses[next] = loss
    }
    next = (next + 1) % window
    return losses.reduce(0, +) / Double(losses.count)
  }
}

/// The figures of a step, as the loop returns them.
struct StepResult {
  /// The mean loss of its batches, and that of predictions of zeros.
  let loss: Double
  let lossOfNothing: Double

  /// The length of the gradient before it was shortened.
  let gradientNorm: Double
  let learningRate: Double
}
