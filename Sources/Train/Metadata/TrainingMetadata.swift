import Adapters
import Diffusion
import Files
import Images
import JSON
import Names

/// The metadata of a result about the run that made it, under sd-scripts' keys.
struct TrainingMetadata {
  let options: TrainingOptions
  let plan: TrainingPlan
  let base: BaseSummary

  /// The entries about the pictures; empty for a `--replay`.
  let dataset: [(key: String, value: String)]
  let resolution: PixelSize
  let clock: RunClock

  /// The file of `--metadata-thumbnail` as a data URL.
  var thumbnail: String?

  /// The facts about the base model that the metadata name.
  struct BaseSummary: Hashable {
    let family: BaseModel
    let predictsVelocity: Bool

    /// The file's name, or the folder's.
    let name: String

    /// `sshs`-style short hash and SHA-256 of the file; nil for a folder.
    let legacyHash: String?
    let sha256: String?
    let vae: VAE?

    struct VAE: Hashable {
      let name: String
      let legacyHash: String?
      let sha256: String?
    }
  }

  /// All entries of a save, save for the hashes of its data.
  ///
  /// - Parameters:
  ///   - step: The steps done.
  ///   - epoch: The epochs done, counting the one that is being done.
  func entries(step: Int, epoch: Int) -> [(key: String, value: String)] {
    let reader = readerEntries
    let spec = modelSpecification(at: clock.now)
    guard !options.metadata.noMetadata else { return reader + spec }
    return reader + runEntries(step: step, epoch: epoch) + optionEntries + lossEntries
      + dataset + totalBatch + baseEntries + spec
  }

  /// The entries that a program needs to use the result, and no others.
  private var readerEntries: [(key: String, value: String)] {
    let arguments = networkArguments.map { [("ss_network_args", $0)] } ?? []
    return [
      ("ss_v2", PythonText.of(base.family == .sd2)),
      (
        "ss_base_model_version",
        PythonText.of(base.family.sdScriptsVersion(predictsVelocity: base.predictsVelocity))
      ),
      ("ss_network_module", NetworkModule.lora.rawValue),
      ("ss_network_dim", PythonText.of(plan.network.linear.rank)),
      ("ss_network_alpha", PythonText.of(plan.network.linear.alpha)),
    ] + arguments
  }

  /// `{"conv_dim": "4", "dropout": null}`.
  private var networkArguments: String? {
    let texts = options.network.networkArgs
    guard !texts.isEmpty else { return nil }
    let members = texts.compactMap { text -> OrderedJSON.Member? in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return parts.count == 2 ? .init(String(parts[0]), .string(String(parts[1]))) : nil
    }
    let dropout = options.network.networkDropout.map { OrderedJSON.number($0) } ?? .null
    return OrderedJSON.object(members + [.init("dropout", dropout)]).dumped
  }

  private func runEntries(step: Int, epoch: Int) -> [(key: String, value: String)] {
    [
      ("ss_session_id", "\(clock.session)"),
      ("ss_training_started_at", PythonText.of(clock.startedAt)),
      ("ss_training_finished_at", PythonText.of(clock.now)),
      ("ss_output_name", PythonText.of(plan.saves.output.name)),
      ("ss_num_batches_per_epoch", "\(plan.batchesPerEpoch)"),
      ("ss_num_epochs", "\(plan.epochs)"),
      ("ss_max_train_steps", "\(plan.steps)"),
      ("ss_epoch", "\(epoch)"),
      ("ss_steps", "\(step)"),
      ("ss_seed", "\(plan.seed)"),
      ("ss_training_comment", PythonText.of(options.metadata.trainingComment)),
      ("ss_sd_scripts_commit_hash", "None"),
    ]
  }

  private var totalBatch: [(key: String, value: String)] {
    dataset.isEmpty || options.data.datasetConfig != nil
      ? [] : [("ss_total_batch_size", "\(plan.batchCount * plan.accumulation)")]
  }

  private var baseEntries: [(key: String, value: String)] {
    var entries = [
      ("ss_sd_model_name", base.name), ("ss_sd_model_hash", base.legacyHash ?? "IsADirectory"),
      ("ss_new_sd_model_hash", base.sha256 ?? "IsADirectory"),
    ]
    if let vae = base.vae {
      entries += [
        ("ss_vae_name", vae.name), ("ss_vae_hash", vae.legacyHash ?? "IsADirectory"),
        ("ss_new_vae_hash", vae.sha256 ?? "IsADirectory"),
      ]
    }
    return entries
  }
}

/// The times and the number that name a run in its results.
///
/// Where the clock is stopped, the number follows from its time, so that the same run writes the same
/// bytes.
struct RunClock: Hashable {
  /// In seconds since 1970.
  let startedAt: Double

  /// A random 32-bit number.
  let session: UInt32
  private let clock: Clock

  init(_ clock: Clock, session: UInt32) {
    self.clock = clock
    startedAt = clock.now
    self.session =
      clock.isStopped ? UInt32(truncatingIfNeeded: Int(startedAt.rounded(.down))) : session
  }

  /// The time of a save.
  var now: Double { clock.now }

  /// `2026-11-22T15:55:44`: local time; Universal Time where the clock is stopped.
  func date(at seconds: Double) -> String { dateText(seconds, isLocal: !clock.isStopped) }
}

extension TrainingMetadata {
  /// Stability AI's model specification 1.0.1; what is not known is left out.
  ///
  /// - Parameter seconds: The time of the save.
  func modelSpecification(at seconds: Double) -> [(key: String, value: String)] {
    let date = clock.date(at: seconds)
    let spec = base.family.modelSpec(predictsVelocity: base.predictsVelocity)
    let title = options.metadata.metadataTitle ?? plan.saves.output.name ?? "LoRA@\(date)"
    let optional: [(String, String?)] = [
      ("author", options.metadata.metadataAuthor),
      ("description", options.metadata.metadataDescription),
      ("license", options.metadata.metadataLicense),
      ("tags", options.metadata.metadataTags),
      ("usage_hint", options.metadata.metadataUsageHint),
      ("trigger_phrase", options.metadata.metadataTriggerPhrase),
      ("thumbnail", thumbnail),
      ("merged_from", options.metadata.metadataMergedFrom),
      ("preprocessor", options.metadata.metadataPreprocessor),
      ("is_negative_embedding", options.metadata.metadataIsNegativeEmbedding),
      ("timestep_range", timestepRange),
      ("encoder_layer", options.model.clipSkip.map { "\($0)" }),
    ]
    let always: [(String, String)] = [
      ("sai_model_spec", "1.0.1"), ("architecture", spec?.architecture ?? ""),
      ("implementation", spec?.implementation ?? ""), ("title", title),
      ("resolution", "\(resolution.width)x\(resolution.height)"), ("date", date),
      ("prediction_type", base.predictsVelocity ? "v" : "epsilon"),
    ]
    return (always + optional.compactMap { key, value in value.map { (key, $0) } })
      .map { ("modelspec." + $0.0, $0.1) }
  }

  private var timestepRange: String? {
    guard options.noise.minTimestep != nil || options.noise.maxTimestep != nil else { return nil }
    return "\(options.noise.minTimestep ?? 0),\(options.noise.maxTimestep ?? 1000)"
  }
}

extension TrainingMetadata.BaseSummary {
  /// Describes an open model; a file is hashed, which reads all of it.
  init(_ model: PretrainedModel, _ options: TrainingOptions) {
    family = model.kind.baseModel
    predictsVelocity = options.model.vParameterization || model.predictsVelocity == true
    name = Path(model.path).name
    let hashes =
      options.metadata.noMetadata || options.machine.dryRun ? nil : checkpointHashes(model.path)
    legacyHash = hashes?.legacy
    sha256 = hashes?.whole
    vae = options.model.vae.map { path in
      let hashes = options.machine.dryRun ? nil : checkpointHashes(path)
      return VAE(name: Path(path).name, legacyHash: hashes?.legacy, sha256: hashes?.whole)
    }
  }
}

/// The checksums that sd-scripts records of a checkpoint: of 64 KiB from 1 MiB on, and of all.
///
/// - Returns: nil for a folder.
func checkpointHashes(_ path: String) -> (legacy: String, whole: String)? {
  guard FileKind(path: path).isRegular, let file = try? MappedFile(path: path, atMost: .max) else {
    return nil
  }
  return file.withBytes { (legacyHash(header: [], data: $0), SHA256.hex(of: $0)) }
}
