package import Adapters
package import ArgumentParser
package import Files

/// The options of every command that writes an adapter.
package struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The path of the result; - is standard output.", valueName: "file"),
    completion: .file())
  package var output: String?

  @Option(help: "The element type of the result: f32, f16 or bf16 (default: the inputs' widest).")
  package var dtype: FloatType?

  @Option(
    help: ArgumentHelp(
      "Whose names the result has (default: the first input's).", valueName: "naming"))
  package var to: Naming?

  @Flag(help: "Compress the result with zstd; names that end in .zst are always compressed.")
  package var zstd = false

  @Flag(
    help:
      "Write the result even if its check fails: its element type holds less than half of the change, or rounding does not explain the error."
  )
  package var acceptError = false

  package init() {}
}

/// The namings that results can have, by their options' spellings.
extension Naming: ExpressibleByArgument {
  package init?(argument: String) {
    guard let naming = Self.all.first(where: { $0.isWritten && $0.name == argument }) else {
      return nil
    }
    self = naming
  }

  package static var allValueStrings: [String] { all.filter(\.isWritten).map(\.name) }
  package static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

/// The float types that results can be written in.
package enum FloatType: String, CaseIterable, ExpressibleByArgument, Sendable {
  case f32
  case f16
  case bf16
}

/// Options that choose the reports of merge and resize beside the short text.
package struct ReportOptions: ParsableArguments {
  @Flag(help: "Report every module: ranks, energy kept, error.")
  package var modules = false

  @Option(
    help: ArgumentHelp(
      "Also write the report as a page: energy kept by block, every module.", valueName: "file"),
    completion: .file())
  package var html: String?

  package init() {}
}

/// The program whose mistakes are reproduced.
package enum Compatibility: String, CaseIterable, ExpressibleByArgument, Sendable {
  case sdScripts = "sd-scripts"
}

extension ReportOptions {
  /// Creates the page's folder; throws before any work if the page cannot be written.
  package func prepare() throws(FileError) {
    var outputs = PlannedOutputs()
    outputs.addFile(html)
    try outputs.prepare()
  }
}

/// The path of a result's weights, and of its configuration if the naming has one beside them.
struct ResultLocation {
  /// The folder; `nil` if the result is one file.
  let folder: String?

  /// The path of the file, or its name in the folder.
  let weights: String

  /// The name of the configuration file; `nil` if the result is one file.
  let configuration: String?

  /// The extensions that mark a path as a file's.
  static let endings = [".safetensors", ".st", ".sft", ".zst", ".bin"]

  /// PEFT and MLX results are folders unless the path is a stream or has a file's extension.
  init(path: String, naming: Naming) {
    let isFile =
      path == "-" || Self.endings.contains(where: path.hasSuffix)
      || [.file, .stream].contains(FileKind(path: path))
    guard let name = naming.folder?.weights, !isFile else {
      (folder, weights, configuration) = (nil, path, nil)
      return
    }
    (folder, weights, configuration) = (path, name, "adapter_config.json")
  }
}
