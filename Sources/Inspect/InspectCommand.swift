import Adapters
package import ArgumentParser
import CommandSupport
import Files

package struct InspectCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a file holds: modules, ranks, norms, spectra, metadata.",
    discussion: """
      Reads adapters of every naming, checkpoints, and any other safetensors file;
      zstd-compressed ones and pipes (-) too. Norms and singular values are those
      of the update alpha / rank · up · down, not of the factors.

        lora inspect slider.st
        lora inspect slider.st --modules
        lora inspect slider.st --json | jq '.modules[] | select(.norm > 1).target'
        lora inspect slider.st --html report.html
        curl … | lora inspect -
      """)

  @Argument(help: "Adapters, checkpoints or folders; - is standard input.")
  var files: [String]

  @Flag(help: "One line a module instead of one a block.")
  var modules = false

  @Flag(help: "Print every module's singular values.")
  var spectrum = false

  @Flag(help: "Print the metadata, and a summary of the training.")
  var metadata = false

  @Flag(help: "Verify: NaN, zero modules, orphan keys, stored hashes; exit 1 if anything is wrong.")
  var check = false

  @Option(help: ArgumentHelp("Write a page with plots, readable offline.", valueName: "file"))
  var html: String?

  @OptionGroup var common: CommonOptions

  package init() {}

  package func validate() throws {
    if files.isEmpty { throw ValidationError("Missing expected argument '<files>'.") }
  }

  package func run() throws {
    var outputs = PlannedOutputs()
    outputs.addFile(html)
    try outputs.prepare()
    var inspections: [Inspection] = []
    var hasFaults = false
    for file in files {
      do {
        let source = try AdapterSource(path: file)
        let inspection = try inspect(file, source)
        inspections.append(inspection)
        let faults = check ? inspection.faults(source) : []
        hasFaults = hasFaults || !faults.isEmpty
        for fault in faults { Terminal.note("\(file): \(fault)") }
      } catch  where files.count > 1 {  // the others are still shown
        Terminal.note("\(error)")
        hasFaults = true
      }
    }
    if !inspections.isEmpty { try print(inspections) }
    if hasFaults { throw ExitCode.failure }
  }

  private func inspect(_ file: String, _ source: AdapterSource) throws -> Inspection {
    let count = if case .adapter(let adapter) = source { adapter.modules.count } else { 0 }
    let progress = Progress("inspecting \(file)", total: count, quiet: common.quiet)
    defer { progress.finish() }
    let isPartOfAdapter = count > 0
    return try Inspection(
      path: file, source,
      depth: InspectionDepth(
        measuresModules: true,
        computesHashes: isPartOfAdapter && (common.json || check || html != nil),
        threads: common.threadCount),
      onModule: { progress.advance() })
  }

  private func print(_ inspections: [Inspection]) throws {
    if let html {
      try writePage(inspections, to: html)
    }
    if common.json {
      let text = try files.count == 1 ? json(inspections[0]) : json(inspections)
      Swift.print(text)
    } else if html == nil || check {
      let options = TextOptions(
        modules: modules, spectrum: spectrum, metadata: metadata,
        width: Terminal.outputIsTerminal ? Terminal.width : nil)
      Swift.print(inspections.map { $0.text(options) }.joined(separator: "\n\n"))
    }
  }
}
