package import Adapters
import ArgumentParser
package import CommandSupport
import Files

/// The inputs of a command that makes results of each file alone, and where each result goes.
///
/// Every header is read before anything is written, so that names that clash are found first. An
/// input that cannot be read does not stop the others.
package struct ResultFiles {
  package struct Item {
    /// As the user named it, or as a folder's name and the file's in it.
    package let path: String
    package let adapter: Adapter

    /// The names of layers that a filter leaves out.
    package let leftOut: LeftOut

    /// One for each variant, in their order.
    package let outputs: [String]
  }

  private let inputs: [(path: String, item: Result<Item, any Error>)]
  private let asked: Naming?

  /// Whether there is more than one result to report.
  private let areSeveral: Bool

  /// - Parameters:
  ///   - paths: Files, or folders of files.
  ///   - options: Where the results go: a file, a folder, or a pattern with {name} and {recipe}.
  ///   - filter: Which layers of the inputs count.
  ///   - adapterName: Of several adapters in an input, the one that is wanted.
  ///   - variants: Words that tell the results of one input apart; one empty word for one result.
  package init(
    _ paths: [String], _ options: OutputOptions, filter: LayerFilter, adapterName: String?,
    variants: [String] = [""]
  ) throws {
    asked = options.to
    let expanded = expandingFolders(paths)
    areSeveral = expanded.count * variants.count > 1 || expanded != paths
    let place = try ResultPlace(options, areSeveral: areSeveral)
    if areSeveral && expanded.contains("-") {
      throw ValidationError("Standard input has no name for its result; give it alone.")
    }
    inputs = expanded.map { path in
      (
        path,
        Result {
          let whole = try AdapterSource(path: path, adapter: adapterName).adapter()
          let (adapter, others) = try filter.applied(to: whole)
          var leftOut = LeftOut()
          for name in others { leftOut.add(name, as: .filtered) }
          return Item(
            path: path, adapter: adapter, leftOut: leftOut,
            outputs: variants.map { place.output(of: path, adapter, variant: $0) })
        }
      )
    }
    try check()
  }

  /// Refuses two results of one name, a result in the place of another input, and what could not
  /// be written.
  private func check() throws {
    let items = inputs.compactMap { try? $0.item.get() }
    var owners: [String: String] = [:]
    var planned = PlannedOutputs()
    for item in items {
      for output in item.outputs where output != "-" {
        if let owner = owners[output] {
          throw ResultFilesError(
            output: output,
            detail: owner == item.path
              ? "two recipes give \(item.path) this name"
              : "would be the result of both \(owner) and \(item.path)")
        }
        owners[output] = item.path
        if let other = items.first(where: { $0.path != item.path && isSameFile($0.path, output) }) {
          throw ResultFilesError(
            output: output, detail: "is the input \(other.path), and would be \(item.path)'s result"
          )
        }
        let location = ResultLocation(path: output, naming: asked ?? item.adapter.naming)
        if location.folder != nil { planned.addFolder(output) } else { planned.addFile(output) }
      }
    }
    if areSeveral { try planned.check() }
  }
}

extension ResultFiles {
  /// Makes the results of each input, and prints their reports.
  ///
  /// - Parameter make: Makes the results of one input, and adds their reports to the list.
  /// - Throws: `ExitCode.failure` at the end where one of several inputs failed.
  package func forEach(
    _ common: CommonOptions, _ make: (Item, ReportList) throws -> Void
  ) throws {
    let reports = ReportList(areSeveral: areSeveral)
    var hasFailed = false
    for (path, item) in inputs {
      reports.file = path
      do {
        try make(try item.get(), reports)
      } catch  where areSeveral && !(error is ValidationError) {
        Terminal.note("\(error)")
        reports.add(failure: "\(error)")
        hasFailed = true
      }
    }
    if common.json && areSeveral { try Terminal.show(json(reports.entries)) }
    if hasFailed { throw ExitCode.failure }
  }
}

/// Two results of one name, or a result in the place of another input.
private struct ResultFilesError: Error, CustomStringConvertible {
  let output: String
  let detail: String

  var description: String {
    "\(output): \(detail); choose another folder, or a pattern such as -o 'OUT/{name}.safetensors'"
  }
}
