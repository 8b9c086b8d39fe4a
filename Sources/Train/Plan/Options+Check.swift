import Diffusion

extension TrainingOptions {
  /// Throws if options contradict each other; each by itself lies in its domain.
  func check() throws(OptionsError) {
    for (isWrong, keys, sentence) in contradictions where isWrong {
      throw origins.error(keys, sentence)
    }
  }

  /// The contradictions: their keys, and the sentence that says so.
  private var contradictions: [(isWrong: Bool, keys: [String], sentence: String)] {
    [
      (
        machine.fullFp16 && machine.mixedPrecision != .fp16, ["full_fp16", "mixed_precision"],
        "--full-fp16 needs --mixed-precision fp16"
      ),
      (
        machine.fullBf16 && machine.mixedPrecision != .bf16, ["full_bf16", "mixed_precision"],
        "--full-bf16 needs --mixed-precision bf16"
      ),
      (
        noise.adaptiveNoiseScale != nil && noise.noiseOffset == nil, ["adaptive_noise_scale"],
        "--adaptive-noise-scale needs --noise-offset"
      ),
      (
        (noise.minTimestep ?? 0) > (noise.maxTimestep ?? 1000), ["min_timestep", "max_timestep"],
        "--min-timestep \(noise.minTimestep ?? 0) lies above --max-timestep "
          + "\(noise.maxTimestep ?? 1000); change one of the two"
      ),
      (
        loss.scaleVPredLossLikeNoisePred && !model.vParameterization,
        ["scale_v_pred_loss_like_noise_pred"],
        "--scale-v-pred-loss-like-noise-pred needs --v-parameterization"
      ),
      (
        loss.vPredLikeLoss != nil && model.vParameterization,
        ["v_pred_like_loss", "v_parameterization"],
        "--v-pred-like-loss is for models that predict noise, not with --v-parameterization"
      ),
      (
        loss.maskedLoss && !subset.alphaMask && data.datasetConfig == nil, ["masked_loss"],
        "--masked-loss needs --alpha-mask, or a --dataset-config with masks"
      ),
      (
        subset.randomCrop && (data.cacheLatents || data.cacheLatentsToDisk),
        ["random_crop", "cache_latents", "cache_latents_to_disk"],
        "--random-crop and --cache-latents exclude each other: a cached latent is cropped once"
      ),
      (
        !run.image.isEmpty && run.trainDataDir != nil, ["image", "train_data_dir"],
        "--image and --data exclude each other; put the pictures into a folder of --data"
      ),
      (
        network.networkTrainUnetOnly && network.networkTrainTextEncoderOnly,
        ["network_train_unet_only", "network_train_text_encoder_only"],
        "--network-train-unet-only and --network-train-text-encoder-only leave nothing to train"
      ),
      (
        network.dimFromWeights && network.networkWeights == nil, ["dim_from_weights"],
        "--dim-from-weights needs --network-weights"
      ),
      (
        network.baseWeightsMultiplier.count > network.baseWeights.count,
        ["base_weights_multiplier", "base_weights"],
        "there are more --base-weights-multiplier than --base-weights"
      ),
      (
        schedule.lrScheduler == .cosineWithMinimum && schedule.lrSchedulerMinLrRatio == nil,
        ["lr_scheduler"],
        "--lr-scheduler cosine_with_min_lr needs --lr-scheduler-min-lr-ratio"
      ),
    ]
  }
}

extension LearningRateSchedule {
  /// Reads the options for a run of so many steps.
  init(
    _ options: ScheduleOptions, steps: Int, _ origins: SettingOrigins
  ) throws(OptionsError) {
    self.init(
      shape: options.lrScheduler, warmup: options.lrWarmupSteps.steps(of: steps), total: steps,
      cycles: options.lrSchedulerNumCycles, power: options.lrSchedulerPower,
      minimum: options.lrSchedulerMinLrRatio ?? 0, decay: options.lrDecaySteps.steps(of: steps),
      timescale: options.lrSchedulerTimescale)
    if shape == .constant, warmup != 0 {
      throw origins.error(
        ["lr_warmup_steps"],
        "--lr-scheduler constant has no warm-up; use constant_with_warmup, or drop --lr-warmup-steps"
      )
    }
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
      velocityLikeLoss: options.vPredLikeLoss, prediction: prediction,
      priorWeight: options.priorLossWeight)
  }
}
