import Adapters
package import ArgumentParser
import CommandSupport
import Files
import Results

package struct InspectCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show the contents of a file: modules, ranks, norms, spectra, metadata.",
    usage: "lora inspect FILE ... [options]",
    discussion: paragraphs(
      """
      Reads adapters of every naming, checkpoints, and any other safetensors file,
      also zstd-compressed ones and pipes (-). Norms and singular values are those
      of the update alpha / rank · up · down, not of the factors. Of a checkpoint whose
      weights are codes and scales (scaled FP8, INT8, NVFP4, MXFP8, bitsandbytes, GGUF)
      --modules shows the norms of the numbers that they stand for.

      --conflicts compares adapters with each other, over all layers and for each block. The cosine of
      their updates says whether they add up or cancel. The shared outputs and inputs are the mean
      squared cosines of the principal angles between the directions that they write to and read: 1
      where one holds the other. Nothing but the factors is multiplied.

        lora inspect slider.safetensors
        lora inspect slider.safetensors --modules
        lora inspect slider.safetensors --json \\
          | jq '.modules[] | select(.norm > 1).target'
        lora inspect slider.safetensors --html report.html
        lora inspect model-fp8-scaled.safetensors --modules
        lora inspect loras                # one line per file of a folder
        lora inspect a.safetensors b.safetensors c.safetensors --conflicts
        curl … | lora inspect -
      """))

  @Argument(help: "Adapters, checkpoints or folders; - is standard input.", completion: .file())
  var files: [String]

  @Flag(
    help:
      "Print one line per module instead of one per block; of a checkpoint, one per quantised weight."
  )
  var modules = false

  @Flag(help: "Print every module's singular values.")
  var spectrum = false

  @Flag(help: "Print the metadata, and a summary of the training.")
  var metadata = false

  @Flag(help: "Verify: NaN, zero modules, orphan keys, stored hashes; exit 1 if anything is wrong.")
  var check = false

  @Flag(help: "Compare adapters: cosines, shared directions, for each block.")
  var conflicts = false

  @Option(
    help: ArgumentHelp(
      "With --conflicts, the model whose weights DoRA and the like depend on.",
      valueName: "checkpoint"), completion: .file())
  var base: String?

  @Option(
    help: ArgumentHelp("Write a page with plots, readable offline.", valueName: "file"),
    completion: .file())
  var html: String?

  @Option(
    help: ArgumentHelp("The name of the adapter, if a file or folder holds several."))
  var adapter: String?

  @OptionGroup(title: "Layers to compare") var layers: LayerOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  package init() {}

  package func validate() throws {
    if files.isEmpty { throw ValidationError("Missing expected argument '<files>'.") }
    if base != nil && !conflicts { throw ValidationError("--base goes with --conflicts.") }
    if !conflicts
      && !(layers.only.isEmpty && layers.except.isEmpty && layers.onlyIn.isEmpty
        && layers.exceptIn.isEmpty)
    {
      throw ValidationError("--only, --except, --only-in, --except-in go with --conflicts.")
    }
    if conflicts && (modules || spectrum || metadata || check) {
      throw ValidationError(
        "--conflicts compares files: --modules, --spectrum, --metadata, --check do not go with it.")
    }
  }

  package func run() throws {
    var outputs = PlannedOutputs()
    outputs.addFile(html)
    try outputs.prepare()
    let paths = expandingFolders(files)
    if conflicts { return try showConflicts(of: paths) }
    let isListing = paths != files  // the files of a folder
    var inspections: [Inspection] = []
    var hasFaults = false
    for path in paths {
      do {
        let source = try AdapterSource(path: path, adapter: adapter)
        let inspection = try inspect(path, source, isTable(isListing) ? .norms : .spectra)
        inspections.append(inspection)
        let faults = check ? inspection.faults(source) : []
        hasFaults = hasFaults || !faults.isEmpty
        for fault in faults { Terminal.note("\(path): \(fault)") }
      } catch  where paths.count > 1 {  // the others are still shown
        Terminal.note("\(error)")
        hasFaults = true
      }
    }
    if !inspections.isEmpty { try show(inspections, isListing) }
    if hasFaults { throw ExitCode.failure }
  }

  /// Whether the output is a table with one line per file.
  private func isTable(_ isListing: Bool) -> Bool {
    isListing && !modules && !spectrum && !metadata && !common.json && html == nil
  }

  private func inspect(
    _ file: String, _ source: AdapterSource, _ measure: InspectionDepth.Measure
  ) throws -> Inspection {
    let isPartOfAdapter: Bool
    let count: Int
    switch source {
    case .adapter(let adapter): (count, isPartOfAdapter) = (adapter.modules.count, true)
    case .checkpoint(let checkpoint):
      (count, isPartOfAdapter) = (modules ? checkpoint.numberCounts.count : 0, false)
    case .other: (count, isPartOfAdapter) = (0, false)
    }
    let progress = Progress("inspecting \(file)", total: count, quiet: common.quiet)
    defer { progress.finish() }
    let inspection = try Inspection(
      path: file, source,
      depth: InspectionDepth(
        measure: measure,
        computesHashes: isPartOfAdapter && (common.json || check || html != nil),
        readsWeights: modules,
        threads: common.threadCount),
      onModule: { progress.advance() })
    try source.checkUnchanged()
    return inspection
  }

  private func show(_ inspections: [Inspection], _ isListing: Bool) throws {
    if let html {
      try writePage(inspections, to: html)
    }
    if common.json {
      let isOne = files.count == 1 && !isListing
      try Terminal.show(isOne ? json(inspections[0]) : json(inspections))
    } else if html == nil || check {
      let options = TextOptions(
        modules: modules, spectrum: spectrum, metadata: metadata, width: Terminal.outputWidth)
      try Terminal.show(
        isTable(isListing)
          ? listing(inspections, in: files.count == 1 ? files[0] : nil, width: options.width)
          : inspections.map { $0.text(options) }.joined(separator: "\n\n"))
    }
  }
}
