import Compute
import Diffusion
import Glibc

/// The distance of a prediction from its target, and the weight of each timestep.
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

  /// The factor of a regularisation picture's loss.
  var priorWeight = 1.0

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

  func huberConstant(at timestep: Int, _ schedule: NoiseSchedule) -> Double {
    switch huberSchedule {
    case .constant: huberC * huberScale
    case .exponential:
      exp(Double(timestep) * log(huberC) / Double(NoiseSchedule.timestepCount)) * huberScale
    case .snr:
      (1 - huberC) / pow(1 + schedule.sigma(at: timestep), 2) + huberC
    }
  }

  /// The distance that the loss operation computes, with `huberConstant` for its thresholds.
  var distance: Distance {
    switch type {
    case .l2: .squared
    case .l1: .absolute
    case .huber: .huber
    case .smoothL1: .smoothAbsolute
    }
  }
}
