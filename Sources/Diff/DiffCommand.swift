import Adapters
package import ArgumentParser
import CommandSupport
import Files
import Pages
import Results

package struct DiffCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two adapters, or write B − A exactly.",
    usage: "lora diff B A [-o OUT] [options]",
    discussion: paragraphs(
      """
      Without -o, compares the two: their norms, the norm of the difference, the cosine between them.
      The exit status is that of diff(1): 0 when the two are the same update, 1 when they differ, 2 in
      trouble, such as a file that is missing or of another model. Layers of one model meet,
      whichever program named them, and whether it has them joined or apart.

      With -o, writes the adapter that adds what B adds and takes away what A adds. The ranks are
      concatenated, so that nothing is rounded but to the result's element type. Ranks, alphas, types,
      namings and algorithms may differ. The report ends with a verdict on the values as stored; a
      result that its type cannot hold is refused. Of two checkpoints, -o with --rank or --sv-…
      extracts an adapter of what B has and A has not, layer by layer.

        lora diff b.safetensors a.safetensors
        lora diff b.safetensors a.safetensors --html comparison.html
        lora diff b.safetensors a.safetensors -o slider.safetensors
        lora diff b.safetensors a.safetensors -o - --rank 8 | lora inspect -
        lora diff tuned.safetensors base.safetensors --rank 32 \\
          -o tuning.safetensors
      """))

  @Argument(help: "The adapter to subtract from; - is standard input.", completion: .file())
  var b: String

  @Argument(help: "The adapter to subtract.", completion: .file())
  var a: String

  @Flag(help: "Print one line per module instead of one per block.")
  var modules = false

  @Option(
    help: ArgumentHelp(
      "Also write the report as a page: norms and cosines by block, every module.",
      valueName: "file"), completion: .file())
  var html: String?

  @Flag(help: "For two checkpoints, extract full differences of norms and biases too.")
  var fullNorms = false

  @Flag(help: "For two checkpoints, leave out layers whose shapes differ, instead of refusing.")
  var skipMismatched = false

  @Option(
    help: ArgumentHelp(
      "The model that both files are for; updates of DoRA and the like depend on its weights.",
      valueName: "checkpoint"), completion: .file())
  var base: String?

  @OptionGroup(title: "Result") var result: OutputOptions
  @OptionGroup(title: "Rank of the result") var rank: RankOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  package init() {}

  package func validate() throws {
    if b == "-" && a == "-" { throw ValidationError("Only one of the two can be standard input.") }
    if result.output == nil && rank.choice != nil {
      throw ValidationError("--rank and --sv-… go with -o.")
    }
  }

  package func run() throws {
    guard result.output == nil else { return try runToEnd() }
    do {
      try runToEnd()
    } catch  where !(error is ValidationError || error is ExitCode) {
      Terminal.note("\(error)")
      throw ExitCode(2)
    }
  }

  private func runToEnd() throws {
    var outputs = PlannedOutputs()
    outputs.addFile(html)
    try outputs.prepare()
    let sources = try [b, a].map { try AdapterSource(path: $0) }
    if case .checkpoint(let b) = sources[0], case .checkpoint(let a) = sources[1] {
      try extract(CheckpointLayers(b), CheckpointLayers(a))
      return
    }
    let inputs = try zip(sources, [1.0, -1.0]).map {
      Combination.Input(try $0.adapter(isDifference: true), weight: $1)
    }
    let combination = try Combination(
      inputs, world: result.world(for: inputs),
      base: base.map {
        CheckpointLayers(try Checkpoint(path: $0), for: inputs.map(\.adapter))
      })
    let progress = Progress(
      "subtracting", total: combination.layers.count, quiet: common.quiet)
    defer { progress.finish() }
    if let output = result.output {
      try write(combination, to: output, progress)
    } else {
      try compare(combination, progress)
    }
  }

  private func compare(_ combination: Combination, _ progress: Progress) throws {
    let comparison = try Comparison(of: combination, threads: common.threadCount) {
      progress.advance()
    }
    progress.finish()
    if let html { try Pages.write(comparison.page(b: b, a: a), to: html) }
    try Terminal.show(
      common.json
        ? json(comparison)
        : comparison.text(b: b, a: a, modules: modules, width: Terminal.outputWidth))
    if !comparison.isSame { throw ExitCode.failure }
  }

  private func write(_ combination: Combination, to path: String, _ progress: Progress) throws {
    let resultWriter = try ResultWriter(
      result, common, combination, to: path,
      comment: "difference: \(stem(of: b)) - \(stem(of: a))")
    let plan =
      try rank.choice.map { choice in
        try combination.approximation(choice, threads: common.threadCount) { progress.advance() }
      } ?? combination.concatenation { progress.advance() }
    let written = try resultWriter.write(plan)
    progress.finish()
    try resultWriter.report(
      WriteReport(
        written, of: combination, inputNames: ["B", "A"], leftOut: resultWriter.leftOut,
        capped: plan.cappedRanks(by: rank.choice), listsModules: modules),
      html: html, command: "diff", inputs: try inputNorms(combination))
  }

  /// The norms of the two inputs for the page; `nil` if no page is written.
  private func inputNorms(_ combination: Combination) throws -> InputNorms? {
    if html == nil { return nil }
    return InputNorms(
      combination, try combination.innerProducts(threads: common.threadCount), isSum: true)
  }
}
