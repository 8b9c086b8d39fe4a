/// An option of sd-scripts' that is not one of ours.
struct ForeignOption: Hashable {
  enum Treatment: Hashable {
    /// Passed over, and named in a note: it would change nothing here.
    case ignored
    /// An error, with the reason, unless it is set to what it is without.
    case refused(String)
  }

  let key: String

  /// Its value when it is not set; nil for a flag, which is off then.
  let standard: String?
  let treatment: Treatment

  /// Whether a value follows it on the command line.
  var takesValue: Bool { standard != nil }

  static func named(_ key: String) -> ForeignOption? { all.first { $0.key == key } }

  static let all = ignored + ofGUI + ofDatasets + refused

  // Some ask for what is done anyway: the VAE computes in float32, --resume goes on in the middle of
  // an epoch. Others only set how fast sd-scripts is.
  private static let ignored: [ForeignOption] =
    flags(
      "no_half_vae skip_until_initial_step xformers sdpa mem_eff_attn lowram highvram "
        + "persistent_data_loader_workers skip_cache_check "
        + "disable_mmap_load_safetensors torch_compile console_log_simple log_config cache_info "
        + "cpu_offload_checkpointing ddp_gradient_as_bucket_view ddp_static_graph", .ignored)
    + values(
      "vae_batch_size max_data_loader_n_workers tokenizer_cache_dir dynamo_backend "
        + "console_log_file log_prefix "
        + "console_log_level log_with log_tracker_name log_tracker_config wandb_run_name "
        + "wandb_api_key ddp_timeout", .ignored)

  // What the kohya_ss GUI writes for itself: sd-scripts reads none of it.
  private static let ofGUI: [ForeignOption] =
    flags("train_inpainting", .ignored)
    + values("epoch noise_offset_type", .ignored)
    + [
      "stop_text_encoder_training", "loraplus_lr_ratio", "loraplus_unet_lr_ratio",
      "loraplus_text_encoder_lr_ratio",
    ].map { ForeignOption(key: $0, standard: "0", treatment: .ignored) }

  // What a data set of sd-scripts' may hold beside settings of ours.
  private static let ofDatasets: [ForeignOption] = [
    value("network_multiplier", "1", "every picture is trained on at weight 1"),
    ForeignOption(key: "custom_attributes", standard: "", treatment: .ignored),
  ]

  private static let refused: [ForeignOption] =
    flags(
      "async_upload resume_from_huggingface save_state_to_huggingface",
      .refused("lora uses no network; copy files with the hub's own tool"))
    + values(
      "huggingface_path_in_repo huggingface_repo_id huggingface_repo_type huggingface_token "
        + "huggingface_repo_visibility",
      .refused("lora uses no network; copy files with the hub's own tool"))
    + flags(
      "deepspeed fp16_master_weights_and_gradients zero3_init_flag zero3_save_16bit_model",
      .refused("there is no DeepSpeed here"))
    + values(
      "offload_optimizer_device offload_optimizer_nvme_path offload_param_device "
        + "offload_param_nvme_path", .refused("there is no DeepSpeed here"))
    + [value("zero_stage", "2", "there is no DeepSpeed here")]
    + flags("fp8_base fp8_base_unet", .refused("base weights are float32, fp16 or bf16"))
    + flags("fused_backward_pass", .refused("the optimiser always runs in one pass here"))
    + flags("color_aug", .refused("it cannot be used with cached latents; alter the pictures"))
    + values("face_crop_aug_range", .refused("crop the pictures beforehand"))
    + values("conditioning_data_dir", .refused("masks come from the alpha channel: --alpha-mask"))
    + values("dataset_class", .refused("data sets are folders, or a --dataset-config"))
    + values("in_json", .refused("write captions beside the pictures"))
    + [value("dataset_repeats", "1", "it belongs to in_json; set num_repeats")]
    + flags("debug_dataset", .refused("--dry-run shows pictures, buckets and captions"))
    + values(
      "lr_scheduler_args lr_scheduler_type", .refused("schedules are those of --lr-scheduler"))
    + values("keep_tokens_separator secondary_separator", .refused("use keep_tokens"))
    + [
      value("token_warmup_min", "1", "tags are not held back at the start"),
      value("token_warmup_step", "0", "tags are not held back at the start"),
      value("validation_split", "0", "there is no validation; compare pictures of the saves"),
    ]
    + values(
      "max_validation_steps validate_every_n_epochs validate_every_n_steps validation_seed",
      .refused("there is no validation; compare pictures of the saves"))
    + values(
      "ae apply_t5_attn_mask blocks_to_swap clip_g clip_l discrete_flow_shift gemma2 guidance_scale "
        + "model_prediction_type model_type qwen3 split_mode t5xxl t5xxl_max_token_length "
        + "text_encoder_batch_size timestep_sampling weighting_scheme",
      .refused("it is for models other than Stable Diffusion, which are not trained here"))
    + flags("weighted_captions", .refused("weights such as (a:1.2) in captions are not read"))

  private static func flags(_ keys: String, _ treatment: Treatment) -> [ForeignOption] {
    keys.split(separator: " ").map {
      ForeignOption(key: String($0), standard: nil, treatment: treatment)
    }
  }

  private static func values(_ keys: String, _ treatment: Treatment) -> [ForeignOption] {
    keys.split(separator: " ").map {
      ForeignOption(key: String($0), standard: "", treatment: treatment)
    }
  }

  private static func value(_ key: String, _ standard: String, _ reason: String) -> ForeignOption {
    ForeignOption(key: key, standard: standard, treatment: .refused(reason))
  }

  /// Whether a value leaves the option as it is when it is not set: `""`, `0.0` for `0`, `false`.
  func isUnset(by value: String) -> Bool {
    guard let standard else { return ["false", "0", ""].contains(value) }
    if value.isEmpty || value == standard { return true }
    guard let number = Double(value), let usual = Double(standard) else { return false }
    return number == usual
  }

  /// Whether the option is set, to something that changes nothing here.
  func isPassedOver(with value: String) throws(OptionsError.Reason) -> Bool {
    guard !isUnset(by: value) else { return false }
    guard case .refused(let reason) = treatment else { return true }
    throw .refused(key, reason: reason)
  }
}
