package import Adapters
package import CommandSupport
import Files
import Pages
package import Tensors

/// Writes a command's result where its options say, and reports it.
package struct ResultWriter {
  private let path: String
  private let common: CommonOptions
  private let choice: ResultChoice
  private let location: ResultLocation
  private let output: OutputFile
  private let writer: AdapterWriter
  private let metadata: ResultMetadata
  private let isCompressed: Bool

  /// Opens the output; no weight has been read yet when it cannot be written.
  ///
  /// - Parameter comment: What is done, for the result's metadata.
  package init(
    _ options: OutputOptions, _ common: CommonOptions, _ combination: Combination,
    to path: String, comment: String
  ) throws {
    self.path = path
    self.common = common
    isCompressed = options.zstd || path.hasSuffix(".zst")
    choice = try ResultChoice(options, for: combination)
    (location, output) = try Self.open(path, choice.naming, options, common)
    writer = AdapterWriter(
      naming: choice.naming, model: combination.baseModel, type: choice.type,
      threads: common.threadCount)
    metadata = ResultMetadata(
      sources: combination.inputs.map { .init($0.adapter, coefficient: $0.weight) },
      model: combination.baseModel, comment: comment)
  }

  /// Opens the output of a result that is no combination.
  ///
  /// - Parameters:
  ///   - model: What the result is for.
  ///   - types: Those of the weights that it is made of.
  ///   - sources: The adapters that it is made of, if any.
  package init(
    _ options: OutputOptions, _ common: CommonOptions, model: BaseModel, types: [ElementType],
    sources: [ResultMetadata.Source] = [], to path: String, comment: String
  ) throws {
    self.path = path
    self.common = common
    isCompressed = options.zstd || path.hasSuffix(".zst")
    choice = try ResultChoice(options, types: types)
    (location, output) = try Self.open(path, choice.naming, options, common)
    writer = AdapterWriter(
      naming: choice.naming, model: model, type: choice.type, threads: common.threadCount)
    metadata = ResultMetadata(
      sources: sources, model: model, comment: comment)
  }

  private static func open(
    _ path: String, _ naming: Naming, _ options: OutputOptions, _ common: CommonOptions
  ) throws(FileError) -> (ResultLocation, OutputFile) {
    let location = ResultLocation(path: path, naming: naming)
    if let folder = location.folder { try makeFolder(folder) }
    try Self.outputs(location).prepare()
    let output = try OutputFile(
      path: location.weights, compresses: options.zstd, threads: common.threadCount)
    return (location, output)
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

  /// Writes a result; nothing where it would hold no module.
  ///
  /// - Parameter onModule: Called after each module that had to be computed, from any thread.
  package func write(
    _ plan: ResultPlan, onModule: @Sendable () -> Void = {}
  ) throws -> Written {
    if plan.modules.isEmpty {
      throw AdapterError(
        file: path,
        reason: .noAdapter(what: "would hold no module, since nothing is added; not written"))
    }
    if !isCompressed {
      try Self.outputs(location, byteCount: try byteCount(of: plan)).check()
    }
    let written = try writer.write(plan, metadata: metadata, to: output) {
      if !plan.isComputed { onModule() }
    }
    if let path = location.configuration {
      let configuration = try writer.configuration(of: plan.modules, file: path)
      let text = choice.naming == .mlx ? configuration.mlx : configuration.peft
      let file = try OutputFile(path: path)
      try unsafe file.write(Array((text + "\n").utf8).span.bytes, at: 0)
      try file.commit()
    }
    return written
  }

  /// The bytes of the file that a plan would become; no weight is asked for.
  package func byteCount(of plan: ResultPlan) throws -> Int {
    try writer.byteCount(of: plan, metadata: metadata, file: path)
  }

  package var bytesPerElement: Int { choice.type.bitCount / 8 }

  /// Prints the report of a command, and writes it as a page where that is asked for.
  package func report(_ report: WriteReport, _ options: ReportOptions, command: String) throws {
    if let html = options.html {
      try Pages.write(report.page(path: path, command: command), to: html)
    }
    try self.report(report)
  }

  /// Prints the report: JSON on standard output unless the result went there, text on standard
  /// error.
  package func report(_ report: WriteReport) throws {
    if common.json {
      let text = try json(report)
      if path == "-" {
        Terminal.report(text)
      } else {
        print(text)
        if !common.quiet { for note in choice.notes { Terminal.note(note) } }
      }
    } else if !common.quiet {
      Terminal.report((choice.notes + [report.text(path: path)]).joined(separator: "\n"))
    }
  }
}
