import Diffusion
import Glibc

/// How far a prediction is from its target, and what each timestep's distance weighs.
struct LossRecipe: Hashable {
  var type = LossType.l2
  var huberSchedule = HuberSchedule.snr
  var huberC = 0.1
  var huberScale = 1.0
  var minSNRGamma: Double?
  var isDebiased = false
  var scalesVelocityLikeNoise = false
  var velocityLikeLoss: Double?
  var prediction = Prediction.noise
}

extension LossRecipe {
  /// The factor of a sample's loss for its timestep.
  ///
  /// Sources: Hang et al., "Efficient Diffusion Training via Min-SNR Weighting Strategy" (2023);
  /// sd-scripts' `custom_train_functions` for the others and their order, which does not matter.
  func weight(at timestep: Int, _ schedule: NoiseSchedule) -> Double {
    let ratio = Double(schedule.signalToNoise[timestep])
    let limited = min(ratio, 1000)
    var weight = 1.0
    if let minSNRGamma, minSNRGamma != 0 {
      weight *= min(ratio, minSNRGamma) / (prediction == .velocity ? ratio + 1 : ratio)
    }
    let velocityOverNoise = limited / (limited + 1)
    if scalesVelocityLikeNoise { weight *= velocityOverNoise }
    if let velocityLikeLoss { weight *= 1 + velocityLikeLoss / velocityOverNoise }
    if isDebiased {
      weight *= prediction == .velocity ? 1 / (limited + 1) : 1 / limited.squareRoot()
    }
    return weight
  }

  /// The Huber constant of a timestep.
  func huberConstant(at timestep: Int, _ schedule: NoiseSchedule) -> Double {
    switch huberSchedule {
    case .constant: huberC * huberScale
    case .exponential:
      exp(Double(timestep) * log(huberC) / Double(NoiseSchedule.timestepCount)) * huberScale
    case .snr:
      (1 - huberC) / pow(1 + schedule.sigma(at: timestep), 2) + huberC
    }
  }

  /// The distance of two numbers and its derivative by the first, from their difference.
  ///
  /// - Parameter c: The Huber constant.
  func distance(_ difference: Double, c: Double) -> (value: Double, slope: Double) {
    switch type {
    case .l2: return (difference * difference, 2 * difference)
    case .l1:
      let sign = difference == 0 ? 0 : (difference < 0 ? -1.0 : 1)
      return (abs(difference), difference.isNaN ? difference : sign)
    case .huber, .smoothL1:
      let root = (difference * difference + c * c).squareRoot()
      let factor = type == .huber ? 2 * c : 2
      return (factor * (root - c), root == 0 ? 0 : factor * difference / root)
    }
  }
}

/// The loss of a batch and how it changes with the prediction.
struct BatchLoss: Hashable {
  /// The mean over the batch.
  let mean: Double

  /// The derivative of `mean` by each number of the prediction.
  let gradient: [Float]

  /// Compares a prediction with its target.
  ///
  /// - Parameters:
  ///   - prediction: `[count, height, width, 4]`, as `target`.
  ///   - sampleWeights: One for each sample: the prior loss weight, or 1.
  ///   - mask: `[count, height, width]`, or nil for 1 everywhere; the mean is over all pixels.
  init(
    of prediction: [Float], against target: [Float], timesteps: [Int], sampleWeights: [Float],
    mask: [Float]? = nil, _ recipe: LossRecipe, _ schedule: NoiseSchedule
  ) {
    precondition(
      prediction.count == target.count && sampleWeights.count == timesteps.count
        && mask.map { $0.count * LatentShape.channels == target.count } ?? true,
      "\(prediction.count) numbers, a target of \(target.count), \(timesteps.count) timesteps, "
        + "\(sampleWeights.count) weights, a mask of \(mask?.count ?? 0)")
    let sampleCount = prediction.count / max(1, timesteps.count)
    var gradient = [Float](repeating: 0, count: prediction.count)
    var total = 0.0
    for (sample, timestep) in timesteps.enumerated() {
      let c = recipe.huberConstant(at: timestep, schedule)
      let weight =
        Double(sampleWeights[sample]) * recipe.weight(at: timestep, schedule)
        / Double(prediction.count)
      for index in sample * sampleCount..<(sample + 1) * sampleCount {
        let difference = Double(prediction[index] - target[index])
        let (value, slope) = recipe.distance(difference, c: c)
        let scale = weight * Double(mask?[index / LatentShape.channels] ?? 1)
        total += scale * value
        gradient[index] = Float(scale * slope)
      }
    }
    mean = total
    self.gradient = gradient
  }
}
