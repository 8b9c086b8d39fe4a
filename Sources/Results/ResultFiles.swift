package import Adapters
import ArgumentParser
package import CommandSupport
import Files

/// The inputs of a command that makes results of each file, and the path of each result.
///
/// Every header is read before anything is written, so that conflicting names are found first. An
/// input that cannot be read does not stop the others.
package struct ResultFiles {
  package struct Item {
    /// The path as the user named it, or the folder's name and the file's.
    package let path: String
    package let adapter: Adapter

    /// The names of layers that the filter removed.
    package let leftOut: LeftOut

    /// One path per variant, in their order.
    package let outputs: [String]
  }

  private let inputs: [(path: String, item: Result<Item, any Error>)]
  private let asked: Naming?

  /// Whether the command makes more than one result.
  private let areSeveral: Bool

  /// - Parameters:
  ///   - paths: Files, or folders of files.
  ///   - options: The output: a file, a folder, or a pattern with {name} and {recipe}.
  ///   - filter: Selects layers of the inputs.
  ///   - adapterName: The wanted adapter, if an input holds several.
  ///   - variants: Words that distinguish the results of one input; one empty word for one result.
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

  /// Refuses two results of the same name, a result that would overwrite another input, and paths
  /// that cannot be written.
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
  /// - Throws: `ExitCode.failure` at the end if one of several inputs failed.
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

/// The error of two results with the same name, or of a result that would overwrite another input.
private struct ResultFilesError: Error, CustomStringConvertible {
  let output: String
  let detail: String

  var description: String {
    "\(output): \(detail); choose another folder, or a pattern such as -o 'OUT/{name}.safetensors'"
  }
}
