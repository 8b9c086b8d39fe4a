package import Adapters
package import ArgumentParser
package import Files

/// Options of every command that writes an adapter.
package struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where the result goes; - is standard output.", valueName: "file"),
    completion: .file())
  package var output: String?

  @Option(help: "The element type of the result: f32, f16 or bf16 (default: the inputs' widest).")
  package var dtype: FloatType?

  @Option(
    help: ArgumentHelp(
      "Whose names the result has (default: the first input's).", valueName: "naming"))
  package var to: Naming?

  @Flag(help: "Compress the result by zstd; always so for a name that ends in .zst.")
  package var zstd = false

  @Flag(
    help:
      "Write the result even where its check fails: where its element type holds less than half of it, or other numbers than were asked for."
  )
  package var acceptError = false

  package init() {}
}

/// The namings that a result can have, by their options' spellings.
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

/// The float types that a result can be written in.
package enum FloatType: String, CaseIterable, ExpressibleByArgument, Sendable {
  case f32
  case f16
  case bf16
}

/// What merge and resize report, beside the short text.
package struct ReportOptions: ParsableArguments {
  @Flag(help: "Report every module: ranks, energy kept, error.")
  package var modules = false

  @Option(
    help: ArgumentHelp(
      "Write the report as a page too: energy kept by block, every module.", valueName: "file"),
    completion: .file())
  package var html: String?

  package init() {}
}

/// Whose mistakes are to be reproduced.
package enum Compatibility: String, CaseIterable, ExpressibleByArgument, Sendable {
  case sdScripts = "sd-scripts"
}

extension ReportOptions {
  /// Makes the folder of the page; throws where it cannot be written, before any work.
  package func prepare() throws(FileError) {
    var outputs = PlannedOutputs()
    outputs.addFile(html)
    try outputs.prepare()
  }
}

/// Where a result's weights go, and its configuration where the naming keeps one beside them.
struct ResultLocation {
  /// `nil` where the result is one file.
  let folder: String?

  /// The path of the file; its name where the result is a folder.
  let weights: String

  /// The name of the file beside the weights; `nil` where the result is one file.
  let configuration: String?

  /// The endings of names that are a file's.
  static let endings = [".safetensors", ".st", ".sft", ".zst", ".bin"]

  /// PEFT and MLX results are folders, unless the path is a stream's or that of a file.
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
