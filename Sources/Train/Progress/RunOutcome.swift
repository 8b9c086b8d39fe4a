import CommandSupport
import Files

/// The end of a run, and the files that it left.
struct RunOutcome: Encodable, Hashable {
  /// The steps done, and those of the whole run.
  let step: Int
  let steps: Int

  /// The mean over the last steps; nil where none was done.
  let loss: Double?

  /// The seconds of this run alone, not of the one that it goes on from.
  let seconds: Double
  let modules: Int

  /// The last save; nil where nothing was new.
  let file: String?
  let byteCount: Int?
  let modelHash: String?

  /// The folder to go on from that a stopped run has written.
  let state: String?

  /// The step at which the loss was seen to be many times that of the beginning.
  let divergedAt: Int?

  /// 130, 143 or 129 after a signal.
  let exitStatus: Int32?

  var isFinished: Bool { step == steps }

  enum CodingKeys: String, CodingKey {
    case file, modules, seconds, state
    case byteCount = "bytes"
    case modelHash = "sshs_model_hash"
    case step = "steps"
    case loss = "final_loss"
    case divergedAt = "diverged_at_step"
  }

  /// `a.st: 192 modules, 822 kB, loss 0.0123 after 1500 steps, 12 min`.
  var summary: String {
    var parts = [counted(modules, "module")]
    if let byteCount { parts.append(bytes(byteCount)) }
    let loss = loss.map { "loss \(significant($0)) " } ?? ""
    parts.append("\(loss)after \(counted(step, "step"))")
    parts.append(duration(seconds))
    return "\(file ?? ""): \(parts.joined(separator: ", "))"
  }

  /// A sentence on what an interrupted run has saved.
  var stopped: String {
    let place = "stopped after step \(step) of \(steps)"
    return file.map { "\(place); \($0) is saved" } ?? "\(place); nothing is new"
  }
}

/// The command that draws a picture with an adapter, as a user would type it; nil where the model
/// is no file.
///
/// - Parameter weights: `1`, or a range.
func samplingCommand(
  _ adapter: String, weights: String, _ options: TrainingOptions
) -> String? {
  guard let model = options.run.pretrainedModelNameOrPath else { return nil }
  var words = ["lora", "sample", "--model", model, "--lora", "\(adapter):\(weights)"]
  if let tokenizer = options.model.tokenizer { words += ["--tokenizer", tokenizer] }
  words += ["-o", "\(Path(adapter).stem).png"]
  return commandLine(words)
}

/// Words as a shell takes them.
func commandLine(_ words: [String]) -> String {
  words.map { word in
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
          true
        default: "_-./:=,+@%".utf8.contains(byte)
        }
      }
    return isPlain
      ? word
      : "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
  }.joined(separator: " ")
}
