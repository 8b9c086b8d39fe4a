import Diffusion

extension TrainingOptions {
  /// Throws if options contradict each other or lie outside their ranges.
  func check() throws(OptionsError) {
    try checkRanges()
    for (isWrong, sentence) in contradictions where isWrong { throw KeyedArguments.error(sentence) }
  }

  private func checkRanges() throws(OptionsError) {
    for (key, value) in [
      ("train_batch_size", run.trainBatchSize), ("max_train_epochs", run.maxTrainEpochs ?? 1),
      ("gradient_accumulation_steps", optimizer.gradientAccumulationSteps),
      ("repeats", run.repeats ?? 1),
      ("bucket_reso_steps", buckets.bucketResoSteps),
      ("clip_skip", model.clipSkip ?? 1), ("max_train_steps", run.maxTrainSteps),
      ("lr_scheduler_timescale", schedule.lrSchedulerTimescale ?? 1),
    ] where value < 1 {
      throw KeyedArguments.error("\(key) takes a number from 1, not \(value)")
    }
    for (key, share) in [
      ("caption_dropout_rate", subset.captionDropoutRate),
      ("caption_tag_dropout_rate", subset.captionTagDropoutRate),
      ("lr_scheduler_min_lr_ratio", schedule.lrSchedulerMinLrRatio ?? 0),
    ] where !(0...1).contains(share) {
      throw KeyedArguments.error("\(key) takes a share from 0 to 1, not \(share)")
    }
    for (key, timestep) in [
      ("min_timestep", noise.minTimestep ?? 0), ("max_timestep", (noise.maxTimestep ?? 1000) - 1),
    ] where !(0..<1000).contains(timestep) {
      throw KeyedArguments.error("\(key) lies outside the timesteps 0 to 1000")
    }
  }

  /// What cannot be asked for together, and the sentence that says so.
  private var contradictions: [(Bool, String)] {
    [
      (
        model.maxTokenLength.map { ![75, 150, 225].contains($0) } ?? false,
        "max_token_length takes 75, 150 or 225"
      ),
      (
        machine.fullFp16 && machine.mixedPrecision != .fp16,
        "--full-fp16 needs --mixed-precision fp16"
      ),
      (
        machine.fullBf16 && machine.mixedPrecision != .bf16,
        "--full-bf16 needs --mixed-precision bf16"
      ),
      (
        noise.adaptiveNoiseScale != nil && noise.noiseOffset == nil,
        "--adaptive-noise-scale needs --noise-offset"
      ),
      (
        loss.scaleVPredLossLikeNoisePred && !model.vParameterization,
        "--scale-v-pred-loss-like-noise-pred needs --v-parameterization"
      ),
      (
        loss.vPredLikeLoss != nil && model.vParameterization,
        "--v-pred-like-loss is for models that predict noise, not with --v-parameterization"
      ),
      (
        loss.maskedLoss && !subset.alphaMask && data.datasetConfig == nil,
        "--masked-loss needs --alpha-mask, or a --dataset-config with masks"
      ),
      (
        subset.randomCrop && (data.cacheLatents || data.cacheLatentsToDisk),
        "--random-crop and --cache-latents exclude each other: a cached latent is cropped once"
      ),
      (
        !run.image.isEmpty && run.trainDataDir != nil,
        "--image and --data exclude each other; put the pictures into a folder of --data"
      ),
      (
        network.dimFromWeights && network.networkWeights == nil,
        "--dim-from-weights needs --network-weights"
      ),
      (
        network.baseWeightsMultiplier.count > network.baseWeights.count,
        "there are more --base-weights-multiplier than --base-weights"
      ),
      (
        schedule.lrScheduler == .cosineWithMinimum && schedule.lrSchedulerMinLrRatio == nil,
        "--lr-scheduler cosine_with_min_lr needs --lr-scheduler-min-lr-ratio"
      ),
    ]
  }
}

extension LearningRateSchedule {
  /// Reads the options for a run of so many steps.
  init(_ options: ScheduleOptions, steps: Int) throws(OptionsError) {
    self.init(
      shape: options.lrScheduler, warmup: options.lrWarmupSteps.steps(of: steps), total: steps,
      cycles: options.lrSchedulerNumCycles, power: options.lrSchedulerPower,
      minimum: options.lrSchedulerMinLrRatio ?? 0, decay: options.lrDecaySteps.steps(of: steps),
      timescale: options.lrSchedulerTimescale)
    if shape == .constant, warmup != 0 {
      throw KeyedArguments.error(
        "--lr-scheduler constant has no warm-up; use constant_with_warmup, or drop --lr-warmup-steps"
      )
    }
  }
}

extension OptimizerPlan {
  /// Throws if the rule decides on its own what the schedule is to decide.
  func check(_ schedule: LearningRateSchedule) throws(OptionsError) {
    guard case .adafactor(let settings) = rule, settings.isRelative, schedule.warmup != 0 else {
      return
    }
    throw KeyedArguments.error(
      "AdaFactor finds its own step sizes; drop --lr-warmup-steps, or add relative_step=False")
  }
}

extension NoiseRecipe {
  init(_ options: NoiseOptions) {
    let (first, end) = (options.minTimestep ?? 0, options.maxTimestep ?? 1000)
    self.init(
      offset: options.noiseOffset ?? 0, offsetIsRandom: options.noiseOffsetRandomStrength,
      adaptiveScale: options.adaptiveNoiseScale,
      multiresolutionIterations: options.multiresNoiseIterations ?? 0,
      multiresolutionDiscount: options.multiresNoiseDiscount, inputGamma: options.ipNoiseGamma,
      inputGammaIsRandom: options.ipNoiseGammaRandomStrength,
      timesteps: first < end ? first..<end : end..<end)
  }
}

extension LossRecipe {
  init(_ options: LossOptions, _ prediction: Prediction) {
    self.init(
      type: options.lossType, huberSchedule: options.huberSchedule, huberC: options.huberC,
      huberScale: options.huberScale, minSNRGamma: options.minSnrGamma,
      isDebiased: options.debiasedEstimationLoss,
      scalesVelocityLikeNoise: options.scaleVPredLossLikeNoisePred,
      velocityLikeLoss: options.vPredLikeLoss, prediction: prediction)
  }
}
