import CommandSupport
import Files

extension RunOutcome {
  /// `a.st: 192 modules, 822 kB, loss 0.0123 after 1500 steps, 12 min`.
  var summary: String {
    var parts = [counted(modules, "module")]
    if let saved { parts.append(bytes(saved.byteCount)) }
    let loss = loss.map { "loss \(significant($0)) " } ?? ""
    parts.append("\(loss)after \(counted(step, "step"))")
    parts.append(duration(seconds))
    return "\(saved?.file ?? ""): \(parts.joined(separator: ", "))"
  }

  /// A sentence on what an interrupted run has saved.
  var stopped: String {
    let place = "stopped after step \(step) of \(steps)"
    guard let saved else { return "\(place); nothing is new" }
    return "\(place); \(saved.file) is saved"
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
