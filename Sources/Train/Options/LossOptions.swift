import ArgumentParser
import CommandSupport

/// The noise that is added to the latents.
struct NoiseOptions: ParsableArguments {
  @Option(.number(0...100), help: .usual("Strength of a shift common to a whole channel.", "x"))
  var noiseOffset: Double?

  @Flag(help: .rare("Draw the shift's strength from 0 to --noise-offset."))
  var noiseOffsetRandomStrength = false

  @Option(
    .number(-100...100), help: .rare("Let the shift grow with the latents' mean.", "x"))
  var adaptiveNoiseScale: Double?

  @Option(.whole(0...100), help: .usual("Levels of noise at lower resolutions.", "n"))
  var multiresNoiseIterations: Int?

  @Option(.share, help: .usual("Weight of a level over the one before.", "x"))
  var multiresNoiseDiscount =
    0.3

  @Option(.number(0...100), help: .rare("Noise added to the input only.", "x")) var ipNoiseGamma:
    Double?

  @Flag(help: .rare("Draw that noise's strength from 0 to --ip-noise-gamma."))
  var ipNoiseGammaRandomStrength = false

  @Option(.whole(0...999), help: .rare("First timestep trained on. (default: 0)", "t"))
  var minTimestep: Int?

  @Option(.whole(1...1000), help: .rare("Timestep after the last trained on. (default: 1000)", "t"))
  var maxTimestep: Int?

  @Flag(help: .rare("Rescale the schedule to end in pure noise.")) var zeroTerminalSnr = false
}

/// The comparison of prediction and target.
struct LossOptions: ParsableArguments {
  @Option(help: .usual("Distance of prediction and target.", "name")) var lossType = LossType.l2

  @Option(help: .rare("How the Huber constant changes with the timestep.", "name"))
  var huberSchedule = HuberSchedule.snr

  @Option(.number(above: 0, upTo: 1000), help: .rare("Huber constant.", "c")) var huberC = 0.1

  @Option(.number(above: 0, upTo: 1000), help: .rare("Factor of the Huber constant.", "x"))
  var huberScale = 1.0

  @Option(
    .number(0...1000),
    help: .usual("Limit the weight of clean timesteps (5 is usual); 0: off.", "gamma"))
  var minSnrGamma: Double?

  @Flag(help: .rare("Weigh each timestep by one over root SNR.")) var debiasedEstimationLoss = false

  @Flag(help: .rare("Weigh a velocity loss like a noise loss.")) var scaleVPredLossLikeNoisePred =
    false

  @Option(.number(0...1000), help: .rare("Add this much of a velocity loss to a noise loss.", "x"))
  var vPredLikeLoss: Double?

  @Option(.number(0...1000), help: .rare("Weight of regularisation pictures.", "x"))
  var priorLossWeight = 1.0

  @Flag(help: .rare("Weigh the loss by masks, of --alpha-mask or a --dataset-config."))
  var maskedLoss = false
}
