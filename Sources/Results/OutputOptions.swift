package import Adapters
package import ArgumentParser

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
