/// The counters and settings, beside weights and moments, with which a run goes on as if it had not
/// stopped.
///
/// All random numbers are drawn by the step's number, so the number is enough.
struct TrainingState: Codable, Hashable {
  static let currentVersion = 1

  let version: Int
  let step: Int

  /// The steps that the optimiser has seen, where `--initial-step` made that another number.
  let updates: Int?
  let seed: UInt32

  /// The saves that the run has written so far and may remove again, by their absolute paths; nil
  /// in states of programs that did not write them down.
  let saves: [String]?

  /// The settings that the rest of the run depends on, by key, as text.
  let settings: [String: String]

  /// The SHA-256 of the file beside it; nil in states of programs that did not write it down.
  var tensorsDigest: String?

  private enum CodingKeys: String, CodingKey {
    case version, step, updates, seed, saves, settings
    case tensorsDigest = "tensors_sha256"
  }

  init(step: Int, updates: Int, plan: TrainingPlan, saves: [String] = []) {
    version = Self.currentVersion
    self.step = step
    self.updates = updates == step ? nil : updates
    seed = plan.seed
    self.saves = saves
    settings = plan.decisiveSettings
  }

  /// The files of a state's folder.
  static let json = "state.json"
  static let tensors = "state.safetensors"

  /// Throws if a run by this plan would not be the one that was stopped.
  func check(against plan: TrainingPlan, folder: String) throws(OptionsError) {
    guard version == Self.currentVersion else {
      throw Self.error(
        folder, "is a state of version \(version); this program reads \(Self.currentVersion)")
    }
    guard step >= 0, 0...step ~= updates ?? step else {
      throw Self.error(
        folder, "counts \(step) steps and \(updates ?? step) updates, which cannot be")
    }
    if plan.seed != seed {
      throw Self.error(folder, "was saved with seed \(seed), not \(plan.seed); drop --seed")
    }
    let now = plan.decisiveSettings
    let differing = Set(now.keys).union(settings.keys).filter { now[$0] != settings[$0] }.sorted()
    guard let key = differing.first else {
      guard (plan.start ?? step) <= plan.steps else {
        throw Self.error(folder, "has \(step) steps done, more than the \(plan.steps) asked for")
      }
      return
    }
    let more = differing.count > 1 ? " (and \(differing.dropFirst().joined(separator: ", ")))" : ""
    throw Self.error(
      folder,
      "was saved \(Self.text(key, settings[key])), and this run is \(Self.text(key, now[key]))\(more); "
        + "resume with the same settings, or start anew with --network-weights")
  }

  /// `with --network-dim 8`, or `without --network-dim`.
  private static func text(_ key: String, _ value: String?) -> String {
    let option = "--" + key.map { $0 == "_" ? "-" : String($0) }.joined()
    switch value {
    case nil, "none", "false": return "without \(option)"
    case "true": return "with \(option)"
    case let value?: return "with \(option) \(value)"
    }
  }

  private static func error(_ folder: String, _ sentence: String) -> OptionsError {
    OptionsError(place: nil, reason: .unusable("\(folder): \(sentence)"))
  }

  /// Options that change no weight, or whose effect is checked elsewhere.
  private static let free: Set = [
    "output", "config_file", "seed", "network_weights", "network_module", "max_train_epochs",
    "tokenizer", "cache_latents", "cache_latents_to_disk",
    "cache_text_encoder_outputs", "cache_text_encoder_outputs_to_disk", "save_model_as",
    "gradient_checkpointing",
  ]

  /// The settings that decide what a run does after its beginning, by key, as text.
  static func decisiveSettings(
    _ options: TrainingOptions, _ schedule: LearningRateSchedule, steps: Int
  ) -> [String: String] {
    let groups: [[Setting]] = [
      Setting.all(of: options.run), Setting.all(of: options.model), Setting.all(of: options.data),
      Setting.all(of: options.buckets), Setting.all(of: options.subset),
      Setting.all(of: options.network), Setting.all(of: options.optimizer),
      Setting.all(of: options.schedule), Setting.all(of: options.noise),
      Setting.all(of: options.loss),
      Setting.all(of: options.machine).filter { $0.key == "mixed_precision" || $0.key == "replay" },
    ]
    var texts: [String: String] = [:]
    for setting in groups.joined() where !free.contains(setting.key) {
      texts[setting.key] = setting.value.settingText
    }
    // A longer run is the same run as far as it went, where the schedule does not look ahead.
    let looksAhead = ![.constant, .constantWithWarmup, .inverseSquareRoot].contains(
      schedule.shape)
    texts["max_train_steps"] = looksAhead ? "\(steps)" : nil
    return texts
  }
}
