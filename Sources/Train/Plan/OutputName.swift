import Files

/// The path of the results, `DIR/NAME.EXT`, and the names derived from it.
struct OutputName: Hashable {
  /// Ends in `/`, or is empty.
  let directory: String

  /// nil gives sd-scripts' own names: `epoch-000010`, `at-step00000003`, `last`.
  let name: String?

  /// The extension with its dot, or empty.
  let suffix: String

  /// - Parameter output: What `-o` gives; it stands for the three others.
  init(_ saving: SavingOptions, output: String?) throws(OptionsError) {
    guard let output else {
      guard let folder = saving.outputDir else {
        throw KeyedArguments.error("no result is named; give -o FILE")
      }
      directory = folder.hasSuffix("/") ? folder : folder + "/"
      name = saving.outputName
      suffix = ".safetensors"
      return
    }
    guard let last = output.last, last != "/" else {
      throw KeyedArguments.error(
        "-o \(output): names a folder; give the file too, \(output)NAME.safetensors")
    }
    guard output != "-" else {
      throw KeyedArguments.error("-o -: training saves more than once; give a file")
    }
    let path = Path(output)
    (directory, name, suffix) = (path.prefix, path.stem, path.fileExtension)
  }

  /// `a.safetensors`.
  var final: String { stem + suffix }

  /// `a-000010.safetensors`.
  func epoch(_ epoch: Int) -> String { "\(name ?? "epoch")-\(padded(epoch, to: 6))\(suffix)" }

  /// `a-step00000003.safetensors`.
  func step(_ step: Int) -> String { "\(name ?? "at")-step\(padded(step, to: 8))\(suffix)" }

  /// `a`.
  var stem: String { name ?? "last" }

  /// The path of a file beside the result: `DIR/a-before.safetensors`.
  func path(with word: String) -> String { "\(directory)\(stem)-\(word)\(suffix)" }

  /// The folder of the state that belongs to a file of this name: `a-000010-state`.
  func state(of file: String) -> String {
    String(file.dropLast(suffix.count)) + "-state"
  }
}

/// A number with zeros before it.
func padded(_ number: Int, to count: Int) -> String {
  let digits = "\(number)"
  return String(repeating: "0", count: max(0, count - digits.count)) + digits
}
