package import Adapters
package import ArgumentParser
package import CommandSupport
import Names

/// Options that select layers of the files by kind, by block, or by the layers of another file.
package struct LayerOptions: ParsableArguments {
  @Option(
    .layers,
    help: ArgumentHelp(
      "Only layers of these kinds or in these blocks, such as attention,MID or blocks.0-9. A layer must match one entry of each list.",
      valueName: "list"))
  package var only: [LayerSelection] = []

  @Option(
    .layers,
    help: ArgumentHelp("Leave out layers of these kinds or in these blocks.", valueName: "list"))
  package var except: [LayerSelection] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Only layers that this adapter or checkpoint has too.", valueName: "other"),
    completion: .file())
  package var onlyIn: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Leave out layers that this adapter or checkpoint has.", valueName: "other"),
    completion: .file())
  package var exceptIn: [String] = []

  package init() {}

  /// The chosen filter; reads the tensor names of the other files.
  package func filter() throws -> LayerFilter {
    try LayerFilter(
      only: only, except: except, onlyIn: onlyIn.map { try AdapterSource(path: $0) },
      exceptIn: exceptIn.map { try AdapterSource(path: $0) })
  }
}

extension Domain where Value == LayerSelection {
  /// Lists of kinds of layers and of blocks.
  package static var layers: Domain {
    let kinds = LayerKind.allCases.map(\.rawValue).joined(separator: ", ")
    return Domain(
      "kinds of layers (\(kinds)) and blocks (\(Block.exampleNames), or KIND.N such as blocks.7, blocks.0-9)"
    ) { LayerSelection($0) }
  }
}
