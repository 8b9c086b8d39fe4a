import ArgumentParser

/// Assigns each `--block-weights` to its files.
///
/// An option between two files belongs to the first of them. A single option before the first file
/// or behind the last applies to all files.
struct BlockWeightAssignment {
  private let byFile: [Int: BlockWeights]
  private let common: BlockWeights?

  /// - Parameters:
  ///   - arguments: The arguments as typed; words before the files, such as the command's name, do
  ///     not count.
  ///   - fileCount: The number of files among them.
  init(arguments: [String], fileCount: Int) throws {
    var byFile: [Int: BlockWeights] = [:]
    var common: BlockWeights?
    let (options, wordCount) = Self.options(in: arguments)
    for (text, wordsBefore) in options {
      let filesBefore = max(0, wordsBefore - (wordCount - fileCount))
      let weights = try BlockWeights(text)
      if options.count == 1 && (filesBefore == 0 || filesBefore == fileCount) {
        common = weights
      } else if filesBefore == 0 {
        throw ValidationError("Of several --block-weights each stands behind its file.")
      } else {
        byFile[filesBefore - 1] = weights
      }
    }
    self.byFile = byFile
    self.common = common
  }

  func weights(of file: Int) -> BlockWeights? { byFile[file] ?? common }

  /// The values of `--block-weights`, each with the number of operands before it, and the number of
  /// all operands.
  private static func options(
    in arguments: [String]
  ) -> (options: [(text: String, wordsBefore: Int)], wordCount: Int) {
    var options: [(String, Int)] = []
    var wordCount = 0
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if argument == "--" {
        wordCount += arguments.count - index
        break
      }
      guard argument.hasPrefix("-"), argument != "-" else {
        wordCount += 1
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1)
      let takesValue = !flags.contains(String(parts[0]))
      var value = parts.count == 2 ? String(parts[1]) : nil
      if value == nil && takesValue && index < arguments.count {
        value = arguments[index]
        index += 1
      }
      if parts[0] == "--block-weights", let value { options.append((value, wordCount)) }
    }
    return (options, wordCount)
  }

  /// Options of `lora merge` that take no value.
  private static let flags: Set = [
    "--json", "--quiet", "-q", "--zstd", "--modules", "--skip-missing", "--follow-links",
    "--accept-error", "--average", "--dry-run", "--limit-energy", "--block-limit", "--help", "-h",
  ]
}
