import Adapters
package import ArgumentParser
import CommandSupport
import LinearAlgebra
import Results

package struct ResizeCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "resize",
    abstract: "Change the ranks of an adapter, or fit it into a number of bytes.",
    usage: "lora resize FILE ... --rank N [-o OUT] [options]",
    discussion: paragraphs(
      """
      Replaces each module's update by its best approximation at the rank asked for. A rule (--sv-…)
      chooses the smallest rank that fulfils it. --bytes and --params spend a budget over all modules
      where it keeps most energy. A rank above the present one pads with zeros. A layer that is thinner
      than the rank gets the highest rank that it can have. alpha / rank is kept, so that a strength
      means what it meant. Without -o the result goes to standard output.

      --recipe keeps the directions whose score is high enough, as resize_lora does: the score of
      singular value s is log10(s) minus the weighted mean of log10 of what it is compared with. thr
      is the least score that is kept; size is what the factors may take, in MiB. A layer that keeps
      none is left out. Recipes stand between colons, and one decomposition serves all of them.

        spn_ckpt, fro_ckpt  largest singular value, norm of the weight in --base
        spn_lora, fro_lora  the same of the update itself
        subspace            |u·W·v|: what the weight W does along the direction
        params              elements that one rank takes
        rescale             a factor of the update, not compared with anything

      Several files, or a folder of them, each give a result of their own name in the folder -o. -o
      may be a pattern, in which {name} and {recipe} stand for the input's name and the recipe.

        lora resize big.safetensors --rank 8 -o small.safetensors
        lora resize big.safetensors --rank 16 --conv-rank 4 -o small.safetensors
        lora resize big.safetensors --sv-fro 0.95 --max-rank 32 \\
          -o small.safetensors
        lora resize big.safetensors --bytes 8MB -o small.safetensors
        lora resize big.safetensors --base model.safetensors \\
          --recipe fro_ckpt=1,thr=-3.5:spn_lora=1,thr=-0.7 -o small/
        lora resize *.safetensors --rank 8 -o small/
      """))

  @Argument(
    help: "Adapters, or folders of them; - is standard input.", completion: .file())
  var files: [String]

  @Option(
    .byteCount,
    help: ArgumentHelp(
      "The maximum size of the result, such as 8MB or 500kB.", valueName: "size"))
  var bytes: Int?

  @Option(
    .whole(1...1_000_000_000_000),
    help: ArgumentHelp(
      "The maximum number of elements in the factors, such as 2000000.", valueName: "n"))
  var params: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Keep directions by their scores, such as fro_ckpt=1,thr=-3.5; colons separate several recipes.",
      valueName: "recipe"), transform: { try Recipe.list($0) })
  var recipe: [Recipe]?

  @Option(
    help: ArgumentHelp(
      "The model that the adapter is for; errors and budgets are relative to its weights.",
      valueName: "checkpoint"), completion: .file())
  var base: String?

  @Flag(help: "Show what would be written: modules, ranks, bytes.")
  var dryRun = false

  @Flag(
    help:
      "The adapter was trained with DyLoRA: --rank takes its first ranks, at their strength in training."
  )
  var dylora = false

  @Option(
    help:
      "Choose ranks as sd-scripts' resize_lora.py of 2026 does: its rules keep one rank more.")
  var compat: Compatibility?

  @Option(
    help: ArgumentHelp("The name of the adapter, if a file or folder holds several."))
  var adapter: String?

  @OptionGroup(title: "Layers") var layers: LayerOptions
  @OptionGroup(title: "Rank of the result") var rank: RankOptions
  @OptionGroup(title: "Result") var result: OutputOptions
  @OptionGroup(title: "Report") var reporting: ReportOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  package init() {}

  package func validate() throws {
    let choices = [rank.choice == nil, bytes == nil, params == nil, recipe == nil].count { !$0 }
    if files.isEmpty { throw ValidationError("Missing expected argument '<files>'.") }
    if choices != 1 {
      throw ValidationError(
        "Give one of --rank, --sv-ratio, --sv-fro, --sv-cumulative, --bytes, --params, --recipe.")
    }
    if dylora && rank.choice?.isFixed != true {
      throw ValidationError("--dylora goes with --rank.")
    }
    if compat != nil && (rank.choice == nil || dylora) {
      throw ValidationError("--compat goes with --rank or a rule of --sv-…, without --dylora.")
    }
    if let recipe = recipe?.first(where: \.needsBase), base == nil {
      throw ValidationError("The recipe \(recipe.text) compares with the model: give --base.")
    }
    if reporting.html != nil && (files.count > 1 || (recipe?.count ?? 1) > 1 || dryRun) {
      throw ValidationError("--html reports one result that is written.")
    }
  }

  package func run() throws {
    if reporting.html != nil && expandingFolders(files) != files {
      throw ValidationError("--html reports one result that is written.")
    }
    try reporting.prepare()
    let checkpoint = try base.map { try Checkpoint(path: $0) }
    let recipes = recipe ?? []
    let variants = recipes.count > 1 ? recipes.map(\.fileNamePart) : [""]
    try ResultFiles(
      files, result, filter: layers.filter(), adapterName: adapter, variants: variants
    ).forEach(common) { item, reports in
      try ResizeRun(self, item, checkpoint, reports).run()
    }
  }
}
