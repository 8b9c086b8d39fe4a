import ArgumentParser
import Images
import Testing

@testable import Train

@Suite struct ArgumentExpansionTests {
  /// Command lines, the text of `c.toml`, and what the parser is given.
  static let lines: [(arguments: [String], file: String, expanded: [String])] = [
    (["--learning_rate", "1e-4"], "", ["--learning-rate=1e-4"]),
    (["--model", "m", "-o", "x.st"], "", ["-o", "x.st", "--pretrained-model-name-or-path=m"]),
    (
      ["--network_args", "conv_dim=4", "conv_alpha=1", "--v2"], "",
      ["--network-args=conv_dim=4", "--network-args=conv_alpha=1", "--v2"]
    ),
    (["--adaptive-noise-scale", "-0.1"], "", ["--adaptive-noise-scale=-0.1"]),
    (
      ["--use_8bit_adam", "--xformers", "--max_data_loader_n_workers", "8"], "",
      ["--optimizer-type=AdamW8bit"]
    ),
    (["--unknown", "3"], "", ["--unknown", "3"]),
    (["--seed"], "", ["--seed"]),
    (["--color_aug=false", "--validation_split", "0.0"], "", []),
    // The command line wins, lists are replaced and a flag of the file can be switched off.
    (
      ["--config", "c", "--seed", "2", "--network-args", "a=2", "--enable-bucket=false"],
      "seed = 1\nnetwork_args = [\"a=1\", \"b=1\"]\nenable_bucket = true\nv2 = true",
      ["--v2", "--config-file=c", "--seed=2", "--network-args=a=2"]
    ),
    // Strings and numbers are both read; tables only group; nothing is nothing.
    (
      ["--config", "c.toml"],
      """
      max_train_epochs = "1"
      resolution = 512
      text_encoder_lr = [1e-5, 1e-6]
      vae = ""
      lr_warmup_steps = "10%"
      no_metadata = false
      huggingface_repo_id = ""
      [network]
      network_alpha = 1
      use_lion_optimizer = true
      """,
      [
        "--max-train-epochs=1", "--resolution=512", "--text-encoder-lr=1e-05",
        "--text-encoder-lr=1e-06", "--lr-warmup-steps=10%", "--network-alpha=1",
        "--optimizer-type=Lion", "--config-file=c.toml",
      ]
    ),
    (["--config", "c.toml"], "seed = 1\n[a]\nseed = 2", ["--seed=2", "--config-file=c.toml"]),
    (
      ["--config", "new", "--output-config", "--seed", "1"], "x",
      ["--config-file=new", "--output-config", "--seed=1"]
    ),
  ]

  @Test(arguments: lines)
  func lineIsExpanded(_ example: (arguments: [String], file: String, expanded: [String])) throws {
    let expanded = try Self.expansion(example.file).expanded(example.arguments)
      .filter { !$0.hasPrefix("--setting-") }
    #expect(expanded == example.expanded)
  }

  static let refused: [(file: String, message: String)] = [
    (
      "seed = 1\nnetwrok_dropout = 0.1",
      "c.toml:2: 'netwrok_dropout' is no option; did you mean 'network_dropout'?"
    ),
    ("zzzzzzzzzzzz = 1", "c.toml:1: 'zzzzzzzzzzzz' is no option"),
    (
      "color_aug = true",
      "c.toml:1: 'color_aug' is not supported: it cannot be used with cached latents; alter the pictures"
    ),
    ("enable_bucket = \"yes\"", "c.toml:1: enable_bucket takes true or false, not 'yes'"),
    ("seed = [[1]]", "c.toml:1: seed takes a value or a list of values, not lists in a list"),
    ("seed = -1", "c.toml:1: seed takes a whole number from 0 to 4294967295, not -1"),
    (
      "v2 = true\nlearning_rate = inf",
      "c.toml:2: learning_rate takes a number from 0 to 1000000, not inf"
    ),
    ("network_dim = 2.5", "c.toml:1: network_dim takes a whole number from 1 to 1000000, not 2.5"),
    (
      "network_dim = [1, 2]",
      "c.toml:1: network_dim takes a whole number from 1 to 1000000, not '1,2'"
    ),
    (
      "optimizer_type = \"bitsandbytes.optim.AdamW8bit\"",
      "c.toml:1: optimizer_type takes AdamW, AdamW8bit, Lion, Prodigy, AdaFactor or SGDNesterov, not "
        + "'bitsandbytes.optim.AdamW8bit'"
    ),
    ("mixed_precision = \"fp8\"", "c.toml:1: mixed_precision takes no, fp16 or bf16, not 'fp8'"),
    (
      "network_module = \"lycoris.kohya\"",
      "c.toml:1: network_module takes networks.lora alone (LyCORIS and others are read here, but not "
        + "trained), not 'lycoris.kohya'"
    ),
    (
      "[[datasets]]\nresolution = 512",
      "c.toml:1: [[datasets]] belongs to a file of its own, given by --dataset-config"
    ),
    ("[a.b]\nc = 1", "c.toml:1: b takes a value, not a table"),
  ]

  /// What only later steps find wrong still names its line, unless the command line won.
  @Test func originsGoWithTheSettings() throws {
    let expanded = try Self.expansion("v2 = true\n\nseed = 1\nnetwork_dim = 8.0\n")
      .expanded(["--config", "c", "--seed", "2"])
    #expect(
      expanded.filter { $0.hasPrefix("--setting-") } == [
        "--setting-origin=v2=c.toml:1", "--setting-origin=network_dim=c.toml:4",
      ])
    let options = try TrainingOptions.parse(expanded)
    #expect(options.run.networkDim == 8)
    #expect(options.origins.place(of: ["network_dim"]) == "c.toml:4")
    #expect(options.origins.place(of: ["seed"]) == nil)
  }

  /// What the kohya_ss GUI and sd-scripts write, and means nothing here, is named in one line.
  @Test func foreignKeysAreNamedOnce() throws {
    let file = """
      epoch = 12
      noise_offset_type = "Original"
      train_inpainting = false
      stop_text_encoder_training = 0
      dynamo_backend = "no"
      lr_scheduler_args = []
      lr_scheduler_type = ""
      persistent_data_loader_workers = 0
      seed = 1234.0
      caption_dropout_every_n_epochs = 0.0
      gradient_accumulation_steps = 1.0
      """
    let expanded = try Self.expansion(file).expanded(["--config", "c", "--xformers"])
    let options = try TrainingOptions.parse(expanded)
    #expect(
      options.origins.settingNote == [
        "--xformers changes nothing here",
        "c.toml: epoch, noise_offset_type and dynamo_backend change nothing here",
      ])
    #expect(options.run.seed == 1234)
    #expect(options.subset.captionDropoutEveryNEpochs == 0)
    #expect(Setting.all(of: options).allSatisfy { !$0.key.hasPrefix("setting_") })
  }

  @Test(arguments: refused)
  func fileIsRefused(_ example: (file: String, message: String)) {
    let error = #expect(throws: OptionsError.self) {
      try Self.expansion(example.file).expanded(["--config", "c"])
    }
    #expect(error?.description == example.message)
  }

  @Test func optionOfTheCommandLineIsRefused() {
    #expect(
      throws: OptionsError(
        place: nil, reason: .refused("deepspeed", reason: "there is no DeepSpeed here"))
    ) {
      try Self.expansion("").expanded(["--deepspeed"])
    }
  }

  /// The settings of the article, as its author wrote them.
  @Test func articleIsRead() throws {
    let expansion = Self.expansion(
      """
      pretrained_model_name_or_path = "model.safetensors"
      train_data_dir = "set"
      output_dir = "copies"
      output_name = "a"
      learning_rate = 0.001
      resolution = "512"
      train_batch_size = 2
      max_train_epochs = 30
      network_module = "networks.lora"
      network_dim = 4
      network_alpha = 1
      save_every_n_epochs = 10
      optimizer_type = "AdamW8bit"
      lr_warmup_steps = 250
      bucket_no_upscale = true
      lr_scheduler = "cosine_with_restarts"
      network_train_unet_only = true
      noise_offset = 0.1
      multires_noise_discount = 0.3
      mixed_precision = "fp16"
      xformers = true
      """)
    let options = try TrainingOptions.parse(expansion.expanded(["--config", "article"]))
    #expect(options.run.learningRate == 1e-3)
    #expect(options.run.resolution == PixelSize(width: 512, height: 512))
    #expect(options.schedule.lrWarmupSteps == .steps(250))
    #expect(options.schedule.lrScheduler == .cosineWithRestarts)
    #expect(options.optimizer.optimizerType.rawValue == "AdamW8bit")
    #expect(options.buckets.bucketNoUpscale)
    #expect(options.noise.noiseOffset == 0.1)
  }

  private static func expansion(_ file: String) -> ArgumentExpansion {
    ArgumentExpansion(names: OptionNames(TrainingOptions.self)) { _ in Array(file.utf8) }
  }
}
