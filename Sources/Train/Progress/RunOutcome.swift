/// The end of a run, and the files that it left.
struct RunOutcome: Hashable {
  /// The steps done, and those of the whole run.
  let step: Int
  let steps: Int

  /// The mean over the last steps; nil where none was done.
  let loss: Double?

  /// The seconds of this run alone, not of the one that it goes on from.
  let seconds: Double
  let modules: Int

  /// nil where nothing was new.
  let saved: SavedAdapter?

  /// The folder to go on from that a stopped run has written.
  let state: String?

  /// The step at which the loss was seen to be many times that of the beginning.
  let divergedAt: Int?

  /// 130, 143 or 129 after a signal.
  let exitStatus: Int32?

  var isFinished: Bool { step == steps }
}

extension RunOutcome: Encodable {
  enum CodingKeys: String, CodingKey {
    case file
    case bytes
    case modelHash = "sshs_model_hash"
    case modules
    case steps
    case loss = "final_loss"
    case seconds
    case state
    case divergedAt = "diverged_at_step"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(saved?.file, forKey: .file)
    try container.encodeIfPresent(saved?.byteCount, forKey: .bytes)
    try container.encodeIfPresent(saved?.modelHash, forKey: .modelHash)
    try container.encode(modules, forKey: .modules)
    try container.encode(step, forKey: .steps)
    try container.encodeIfPresent(loss, forKey: .loss)
    try container.encode(seconds, forKey: .seconds)
    try container.encodeIfPresent(state, forKey: .state)
    try container.encodeIfPresent(divergedAt, forKey: .divergedAt)
  }
}
