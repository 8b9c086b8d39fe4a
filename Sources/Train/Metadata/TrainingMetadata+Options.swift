import Images

extension TrainingMetadata {
  /// The options of the optimiser, the network and the model, as given.
  var optionEntries: [(key: String, value: String)] {
    let (run, network, optimizer) = (options.run, options.network, options.optimizer)
    return [
      ("ss_learning_rate", PythonText.of(run.learningRate)),
      ("ss_text_encoder_lr", textEncoderRate),
      ("ss_unet_lr", PythonText.of(optimizer.unetLr)),
      ("ss_gradient_checkpointing", PythonText.of(options.machine.gradientCheckpointing)),
      ("ss_gradient_accumulation_steps", PythonText.of(plan.accumulation)),
      ("ss_lr_warmup_steps", PythonText.of(plan.schedule.warmup)),
      ("ss_lr_scheduler", plan.schedule.shape.rawValue),
      ("ss_optimizer", optimizerText),
      ("ss_network_dropout", PythonText.of(network.networkDropout)),
      ("ss_scale_weight_norms", PythonText.of(network.scaleWeightNorms)),
      ("ss_max_grad_norm", PythonText.of(optimizer.maxGradNorm)),
      ("ss_mixed_precision", (options.machine.mixedPrecision ?? .no).rawValue),
      ("ss_full_fp16", PythonText.of(options.machine.fullFp16)),
      ("ss_fp8_base", "False"),
      ("ss_fp8_base_unet", "False"),
      ("ss_lowram", "False"),
      ("ss_clip_skip", PythonText.of(options.model.clipSkip)),
      ("ss_max_token_length", PythonText.of(options.model.maxTokenLength)),
      ("ss_cache_latents", PythonText.of(options.data.cacheLatents)),
      ("ss_caption_dropout_rate", PythonText.of(options.subset.captionDropoutRate)),
      (
        "ss_caption_dropout_every_n_epochs",
        PythonText.of(options.subset.captionDropoutEveryNEpochs)
      ),
      ("ss_caption_tag_dropout_rate", PythonText.of(options.subset.captionTagDropoutRate)),
      ("ss_face_crop_aug_range", "None"),
      ("ss_resize_interpolation", PythonText.of(options.subset.resizeInterpolation?.rawValue)),
      ("ss_validation_seed", "None"),
      ("ss_validation_split", "0.0"),
      ("ss_max_validation_steps", "None"),
      ("ss_validate_every_n_epochs", "None"),
      ("ss_validate_every_n_steps", "None"),
    ]
  }

  /// The options of noise and loss, as given.
  var lossEntries: [(key: String, value: String)] {
    let (noise, loss) = (options.noise, options.loss)
    return [
      ("ss_noise_offset", PythonText.of(noise.noiseOffset)),
      ("ss_noise_offset_random_strength", PythonText.of(noise.noiseOffsetRandomStrength)),
      ("ss_adaptive_noise_scale", PythonText.of(noise.adaptiveNoiseScale)),
      ("ss_multires_noise_iterations", PythonText.of(noise.multiresNoiseIterations)),
      ("ss_multires_noise_discount", PythonText.of(noise.multiresNoiseDiscount)),
      ("ss_ip_noise_gamma", PythonText.of(noise.ipNoiseGamma)),
      ("ss_ip_noise_gamma_random_strength", PythonText.of(noise.ipNoiseGammaRandomStrength)),
      ("ss_zero_terminal_snr", PythonText.of(noise.zeroTerminalSnr)),
      ("ss_min_snr_gamma", PythonText.of(loss.minSnrGamma)),
      ("ss_debiased_estimation", PythonText.of(loss.debiasedEstimationLoss)),
      ("ss_loss_type", loss.lossType.rawValue),
      ("ss_huber_schedule", loss.huberSchedule.rawValue),
      ("ss_huber_scale", PythonText.of(loss.huberScale)),
      ("ss_huber_c", PythonText.of(loss.huberC)),
      ("ss_prior_loss_weight", PythonText.of(loss.priorLossWeight)),
    ]
  }

  /// `None`, `0.0001` or `[0.0001, 1e-05]`.
  private var textEncoderRate: String {
    let rates = options.optimizer.textEncoderLr
    guard let first = rates.first else { return "None" }
    guard rates.count > 1 else { return PythonText.of(first) }
    return "[" + rates.map { PythonText.of($0) }.joined(separator: ", ") + "]"
  }

  /// `torch.optim.adamw.AdamW(weight_decay=0.1,betas=(0.9, 0.99))`.
  private var optimizerText: String {
    let arguments = plan.optimizer.arguments.entries
    guard !arguments.isEmpty else { return plan.optimizer.className }
    let texts = arguments.map { "\($0.key)=\(PythonLiteral($0.value))" }
    return "\(plan.optimizer.className)(\(texts.joined(separator: ",")))"
  }
}
