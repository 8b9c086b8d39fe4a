import Adapters
package import ArgumentParser
import CommandSupport
import LinearAlgebra
import Results

package struct ResizeCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "resize",
    abstract: "Store an adapter at other ranks, or in a number of bytes.",
    usage: "lora resize FILE --rank N [-o OUT] [options]",
    discussion: paragraphs(
      """
      Replaces each module's update by its best approximation at the rank asked for. A rule (--sv-…)
      chooses the smallest rank that fulfils it. --bytes and --params spend a budget over all modules
      where it keeps most energy. A rank above the present one pads with zeros. A layer that is thinner
      than the rank gets the highest rank that it can have. alpha / rank is kept, so that a strength
      means what it meant. Without -o the result goes to standard output.

        lora resize big.safetensors --rank 8 -o small.safetensors
        lora resize big.safetensors --rank 16 --conv-rank 4 -o small.safetensors
        lora resize big.safetensors --sv-fro 0.95 --max-rank 32 \\
          -o small.safetensors
        lora resize big.safetensors --bytes 8MB -o small.safetensors
      """))

  @Argument(help: "The adapter; - is standard input.", completion: .file())
  var file: String

  @Option(
    .byteCount,
    help: ArgumentHelp(
      "The size that the result may have, such as 8MB or 500kB.", valueName: "size"))
  var bytes: Int?

  @Option(
    .whole(1...1_000_000_000_000),
    help: ArgumentHelp("How many elements the factors may have, such as 2000000.", valueName: "n"))
  var params: Int?

  @Flag(
    help:
      "The adapter was trained by DyLoRA: --rank takes its first ranks, at their strength in training."
  )
  var dylora = false

  @Option(help: "Choose ranks as sd-scripts' resize_lora.py of 2026 does: by rules one too many.")
  var compat: Compatibility?

  @OptionGroup(title: "Rank of the result") var rank: RankOptions
  @OptionGroup(title: "Result") var result: OutputOptions
  @OptionGroup(title: "Report") var reporting: ReportOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  package init() {}

  package func validate() throws {
    let choices = [rank.choice == nil, bytes == nil, params == nil].count { !$0 }
    if choices != 1 {
      throw ValidationError(
        "Give one of --rank, --sv-ratio, --sv-fro, --sv-cumulative, --bytes, --params.")
    }
    if dylora && rank.choice?.isFixed != true {
      throw ValidationError("--dylora goes with --rank.")
    }
    if compat != nil && (rank.choice == nil || dylora) {
      throw ValidationError("--compat goes with --rank or a rule of --sv-…, without --dylora.")
    }
  }

  package func run() throws {
    let adapter = try AdapterSource(path: file).adapter()
    let combination = try Combination([.init(adapter, weight: 1)])
    let path = result.output ?? "-"
    try reporting.prepare()
    let writer = try ResultWriter(result, common, combination, to: path, comment: comment(adapter))
    let progress = Progress("resizing", total: combination.layers.count, quiet: common.quiet)
    defer { progress.finish() }
    let plan = try plan(combination, writer) { progress.advance() }
    let written = try writer.write(plan)
    progress.finish()
    try writer.report(
      WriteReport(
        written, of: combination, inputNames: [file], leftOut: writer.leftOut,
        capped: plan.cappedRanks(by: rank.choice), listsModules: reporting.modules),
      html: reporting.html, command: "resize")
  }

  /// As sd-scripts words it.
  private func comment(_ adapter: Adapter) -> String {
    let ranks = Set(adapter.modules.map(\.rank))
    let before = ranks.count == 1 ? "\(ranks.first ?? 0)" : "Dynamic"
    if let bytes { return "resized from \(before) to \(bytes) bytes" }
    if let params { return "resized from \(before) to \(params) parameters" }
    return "dimension is resized from \(before) to \(rank.text)"
  }

  private func plan(
    _ combination: Combination, _ writer: ResultWriter, onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    if let choice = rank.choice {
      let method: Resizing.Method =
        dylora ? .slicing : compat == nil ? .approximating : .asSDScripts
      return try Resizing(choice, method)
        .plan(combination, threads: common.threadCount, onLayer: onLayer)
    }
    let modules = try BudgetedModules(combination, threads: common.threadCount, onLayer: onLayer)
    return try modules.plan(
      file: file, elements: params, byteCount: bytes, writer)
  }
}
