package import Adapters
package import CommandSupport
import Files
package import Names
import Pages
import Safetensors
package import Tensors

/// Writes a command's result to its output and reports it.
package struct ResultWriter {
  private let path: String
  private let common: CommonOptions
  private let choice: ResultChoice
  private let location: ResultLocation

  /// The output file; `nil` for a dry run.
  private let output: OutputFile?

  /// The output folder, if the result is one.
  private let folder: OutputFolder?
  private let writer: AdapterWriter
  private var metadata: ResultMetadata
  private let acceptsError: Bool
  private let foreign: (kept: [ForeignTensor], leftOut: LeftOut)
  private var origin: ResultOrigin
  private let isCompressed: Bool

  /// Opens the output before any weight is read, so that an error comes early.
  ///
  /// - Parameters:
  ///   - isDryRun: Whether the output is only checked: the plan can be shown but not written.
  ///   - comment: A few words about the operation, for the result's metadata.
  package init(
    _ options: OutputOptions, _ common: CommonOptions, _ combination: Combination,
    to path: String, isDryRun: Bool = false, comment: String
  ) throws {
    self.path = path
    self.common = common
    acceptsError = options.acceptError
    isCompressed = options.zstd || path.hasSuffix(".zst")
    choice = ResultChoice(options, for: combination)
    foreign = combination.inputs.foreignTensors(in: choice.naming)
    origin = ResultOrigin(inputs: combination.inputs, comment: comment)
    (location, folder, output) = try Self.open(
      path, choice.naming, options, common, isDryRun: isDryRun)
    writer = AdapterWriter(
      naming: choice.naming, model: combination.baseModel, type: choice.type,
      threads: common.threadCount)
    metadata = ResultMetadata(
      sources: combination.inputs.map { .init($0.adapter, coefficient: $0.weight) },
      model: combination.baseModel, comment: comment)
  }

  /// Opens the output of a result that is not a combination.
  ///
  /// - Parameters:
  ///   - model: The model that the result is for.
  ///   - types: The element types of the weights that it is made from.
  ///   - inputs: The adapters that it is made from, if any.
  ///   - isDryRun: Whether the output is only checked: the plan can be shown but not written.
  package init(
    _ options: OutputOptions, _ common: CommonOptions, model: BaseModel, types: [ElementType],
    inputs: [Combination.Input] = [], to path: String, isDryRun: Bool = false, comment: String
  ) throws {
    self.path = path
    self.common = common
    acceptsError = options.acceptError
    isCompressed = options.zstd || path.hasSuffix(".zst")
    choice = ResultChoice(options, types: types)
    foreign = inputs.foreignTensors(in: choice.naming)
    origin = ResultOrigin(inputs: inputs, comment: comment)
    (location, folder, output) = try Self.open(
      path, choice.naming, options, common, isDryRun: isDryRun)
    writer = AdapterWriter(
      naming: choice.naming, model: model, type: choice.type, threads: common.threadCount)
    metadata = ResultMetadata(
      sources: inputs.map { .init($0.adapter, coefficient: $0.weight) }, model: model,
      comment: comment)
  }

  private static func open(
    _ path: String, _ naming: Naming, _ options: OutputOptions, _ common: CommonOptions,
    isDryRun: Bool
  ) throws(FileError) -> (ResultLocation, OutputFolder?, OutputFile?) {
    if !common.quiet, let note = misleadingName(of: path) { Terminal.note(note) }
    let location = ResultLocation(path: path, naming: naming)
    if isDryRun {
      try Self.outputs(location).check()
      return (location, nil, nil)
    }
    if let folder = try location.folder.map({ path throws(FileError) in
      try OutputFolder(path: path)
    }) {
      let output = try folder.file(location.weights, compresses: options.zstd)
      return (location, folder, output)
    }
    try Self.outputs(location).prepare()
    let output = try OutputFile(
      path: location.weights, compresses: options.zstd, threads: common.threadCount)
    return (location, nil, output)
  }

  private static func outputs(
    _ location: ResultLocation, byteCount: Int = 0
  ) -> PlannedOutputs {
    var outputs = PlannedOutputs()
    if let folder = location.folder {
      outputs.addFolder(folder, byteCount: byteCount)
    } else {
      outputs.addFile(location.weights, byteCount: byteCount)
    }
    return outputs
  }

  /// The same writer for a combination with other weights, with a comment that gives them.
  package func saying(_ comment: String, of combination: Combination) -> ResultWriter {
    var writer = self
    writer.origin = ResultOrigin(inputs: combination.inputs, comment: comment)
    writer.metadata = ResultMetadata(
      sources: combination.inputs.map { .init($0.adapter, coefficient: $0.weight) },
      model: combination.baseModel, comment: comment)
    return writer
  }

  /// The inputs' layers and tensors that are missing from the result.
  package var leftOut: LeftOut { foreign.leftOut }

  /// Writes a result; writes nothing if it would hold no module or would break its promise.
  package func write(_ plan: ResultPlan) throws -> Written {
    guard let output else { preconditionFailure("\(path): a dry run writes nothing") }
    try check(plan)
    let whole = withForeign(plan)
    if !isCompressed {
      try Self.outputs(location, byteCount: try byteCount(of: whole)).check()
    }
    let written = try writer.write(
      whole, metadata: metadata, to: output,
      accept: { try check(Verdict($0, plan.promise, types: [choice.type])) })
    if let folder, let name = location.configuration, let kind = choice.naming.folder {
      let path = "\(folder.path)/\(name)"
      let configuration = try writer.configuration(of: plan.modules, file: path)
      try folder.file(name).commit(kind.configuration(configuration) + "\n")
      try folder.publish()
    }
    return written
  }

  private func check(_ plan: ResultPlan) throws(AdapterError) {
    guard plan.modules.isEmpty else { return }
    throw AdapterError(
      file: path, reason: .refused("would hold no module, because nothing is added; not written"))
  }

  /// The size of a plan's file in bytes; no weight is computed.
  package func byteCount(of plan: ResultPlan) throws -> Int {
    try writer.byteCount(of: withForeign(plan), metadata: metadata, file: path)
  }

  private func withForeign(_ plan: ResultPlan) -> ResultPlan {
    var plan = plan
    plan.foreign = foreign.kept
    return plan
  }

  private func check(_ verdict: Verdict) throws {
    guard !acceptsError, let failure = verdict.failure else { return }
    throw VerdictError(file: path, failure: failure, remedy: "choose a wider type with --dtype")
  }

  package var bytesPerElement: Int { choice.type.bitCount / 8 }

  /// Prints a preview of a plan.
  ///
  /// - Parameters:
  ///   - leftOut: The modules that are missing from it.
  ///   - recipe: The recipe, if one of several chose the ranks.
  ///   - merging: How a merge's weights were chosen, if they are not those that the user gave.
  package func preview(
    _ plan: ResultPlan, leftOut: LeftOut, recipe: String? = nil, merging: MergeNotes? = nil,
    in list: ReportList
  ) throws {
    try check(plan)
    var all = foreign.leftOut
    all.add(leftOut)
    let preview = WritePreview(
      plan, leftOut: all, recipe: recipe, merging: merging, byteCount: try byteCount(of: plan))
    if !common.json {
      Terminal.report(preview.text(file: list.file, path: path))
    } else if list.areSeveral {
      list.add(preview, at: path)
    } else {
      try Terminal.show(json(preview))
    }
  }

  /// Prints the report of a command, and writes it as a page if `html` is given.
  ///
  /// - Parameters:
  ///   - html: The path of the page; `nil` for none.
  ///   - inputs: The page's section about the inputs.
  ///   - list: Collects the report if several results make one JSON array.
  package func report(
    _ report: WriteReport, html: String?, command: String, inputs: InputNorms? = nil,
    in list: ReportList? = nil
  ) throws {
    if let html {
      let page = report.page(path: path, command: command, origin: origin, inputs: inputs)
      try Pages.write(page, to: html)
    }
    try self.report(report, in: list)
  }

  /// Prints the report: JSON on standard output unless the result went there, text on standard
  /// error.
  package func report(_ report: WriteReport, in list: ReportList? = nil) throws {
    if common.json, let list, list.areSeveral {
      list.add(report, at: path)
      if !common.quiet { for note in choice.notes { Terminal.note(note) } }
    } else if common.json {
      let text = try json(report)
      if path == "-" {
        Terminal.report(text)
      } else {
        try Terminal.show(text)
        if !common.quiet { for note in choice.notes { Terminal.note(note) } }
      }
    } else if !common.quiet {
      Terminal.report((choice.notes + [report.text(path: path)]).joined(separator: "\n"))
    }
  }
}
