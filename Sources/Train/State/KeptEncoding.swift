import Files
import Safetensors

/// The numbers of an encoded picture or caption, kept in a file for later runs
/// (`--cache-latents-to-disk`, `--cache-text-encoder-outputs-to-disk`).
///
/// The file counts only while the input is the same and the encoder still gives the same answer to a
/// fixed question. The answer shows another model, another VAE and weights that were merged into an
/// encoder, so the file names none of them. An input whose file does not count is encoded again.
struct KeptEncoding {
  let path: String

  /// The input of the encoder, and the settings that matter.
  let key: String

  /// The encoder's answer to the fixed question.
  let answer: [Float]

  private static let keyName = "encoded"
  private static let answerName = "answer"

  /// The kept lists by name; nil where there is no file that counts.
  func read() -> [String: [Float]]? {
    // A damaged file is as good as none: it is written again.
    guard let file = try? SafetensorsFile(path: path), file.header.metadata[Self.keyName] == key
    else { return nil }
    var lists: [String: [Float]] = [:]
    for entry in file.header.entries { lists[entry.name.string] = try? file.floats(entry) }
    guard let kept = lists.removeValue(forKey: Self.answerName), isSame(kept) else { return nil }
    return lists.values.allSatisfy { $0.allSatisfy(\.isFinite) } ? lists : nil
  }

  func write(_ lists: [(name: String, values: [Float])]) throws {
    try NumbersFile.write(
      lists + [(Self.answerName, answer)], metadata: Metadata([Self.keyName: key]),
      to: OutputFile(path: path))
  }

  /// Whether an answer is the present one, but for the last digits: those depend on the device
  /// and on the number of threads.
  private func isSame(_ kept: [Float]) -> Bool {
    let largest = answer.reduce(0) { max($0, abs($1)) }
    return kept.count == answer.count
      && zip(kept, answer).allSatisfy { abs($0 - $1) <= 1e-3 * largest }
  }
}
