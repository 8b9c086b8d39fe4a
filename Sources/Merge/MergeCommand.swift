import Adapters
package import ArgumentParser
import CommandSupport
import Files
import LinearAlgebra
import Names
import QuantizedWeights
import Results
import Safetensors

package struct MergeCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Add adapters, each with a weight, into one.",
    usage: "lora merge FILE[:WEIGHT] ... [-o OUT] [options]",
    discussion: paragraphs(
      """
      The default method, concat, is exact: the result's update is Σ weight · update, whatever the
      ranks, alphas, types, namings and signs; its rank is the sum of the ranks. svd and linear give
      the best approximation of that sum at a rank. slerp turns from the first of two files to the
      second, layer by layer, and its rank is the sum of the ranks too. Layers of one model meet,
      whichever program named them, and whether it has them joined or apart.

      ties, dare, dare-ties, della, della-linear and magnitude-prune drop elements of the updates first
      (--density, --seed) and need --rank. With --space core they go over the elements of small
      matrices instead, the coordinates of the updates in the space that all files' factors span: that
      is many times faster, needs no --rank, and gives another result, since other elements are
      dropped. knots is ties on the directions that the files share; tsv-m turns the files' directions
      apart, so that they interfere less; iso-c gives all directions of the sum one strength. These
      three form no whole update, need no --rank and are exact. Biases and norms are summed by all.

      --average, --ema and --ema-sigma-rel choose the weights of checkpoints of a training.
      --limit-energy and --block-limit keep many files from being too strong together.

      The report ends with a verdict on the values as stored; the result of an exact method that its
      type cannot hold is refused. Without -o the result goes to standard output.

        lora merge style.safetensors:0.8 face.safetensors:0.5 -o both.safetensors
        lora merge b.safetensors:1 a.safetensors:-1 --method svd --rank 8 \\
          -o slider.safetensors
        lora merge a.safetensors --block-weights MID=0,OUT03=0.5 b.safetensors \\
          -o c.safetensors
        lora merge a.safetensors b.safetensors \\
          | lora resize - --rank 16 -o small.safetensors
        lora merge a.safetensors b.safetensors --method slerp --t 0.3 \\
          -o between.safetensors
        lora merge a.safetensors b.safetensors --method ties --space core \\
          -o both.safetensors
        lora merge step1.safetensors step2.safetensors step3.safetensors \\
          --ema 0.9 --method svd --rank 16 -o smooth.safetensors
        lora merge a.safetensors b.safetensors c.safetensors --limit-energy \\
          --html report.html -o three.safetensors
        lora merge a.safetensors b.safetensors --only attention \\
          --except text-encoder -o attention.safetensors
        lora merge style.safetensors:0.8 --into model.safetensors \\
          -o styled.safetensors
        lora merge style.safetensors --into model-fp8-scaled.safetensors \\
          -o styled.safetensors --stochastic-rounding 1
        lora merge style.safetensors --into model-Q8_0.gguf \\
          -o styled.safetensors --requantise bf16

      --into adds to the numbers that codes and scales stand for, in scaled FP8, INT8 (with ConvRot),
      NVFP4 and MXFP8 as ComfyUI stores them, and stores the sums with new scales. bitsandbytes and
      GGUF are read, and written by --requantise as bf16, f16 or fp8-scaled. The report says how much
      of the update the new codes hold; one that is mostly lost is refused.
      """))

  @Argument(
    help: ArgumentHelp(
      "Adapters as FILE or FILE:WEIGHT; - is standard input.", valueName: "file[:weight]"),
    completion: .file(), transform: { try WeightedFile($0) })
  var files: [WeightedFile]

  @Option(
    help: ArgumentHelp(
      "Weights of blocks: 12, 17, 20, 26 or 61 numbers, or names (IN04=0.5,MID=0,te=0,rest=1). Behind a file, for it; else for all.",
      valueName: "list"))
  var blockWeights: [String] = []

  @Option(.weight, help: ArgumentHelp("Multiplies all weights in text encoders.", valueName: "w"))
  var teWeight: Double?

  @Option(
    .weight,
    help: ArgumentHelp("Multiplies all weights in the U-Net or transformer.", valueName: "w"))
  var unetWeight: Double?

  @Option(
    .whole(0...UInt64.max),
    help: ArgumentHelp(
      "Rotate each module's rank axis by a random matrix, so that the sources cannot be recovered.",
      valueName: "seed"))
  var mix: UInt64?

  @Option(
    name: .customLong("into"),
    help: ArgumentHelp(
      "Bake the sum into this checkpoint, or folder of a model, instead of writing an adapter.",
      valueName: "checkpoint"), completion: .file())
  var checkpoint: String?

  @Option(
    help: ArgumentHelp(
      "With --into, the format of changed weights that are quantised (scaled FP8, INT8, NVFP4, …): same, bf16, f16 or fp8-scaled (default: same).",
      valueName: "scheme"))
  var requantise: Requantization?

  @Option(
    .whole(0...UInt64.max),
    help: ArgumentHelp(
      "With --into, round stochastically to quantised formats and to floats of up to 16 bits, so that small updates are kept on average.",
      valueName: "seed"))
  var stochasticRounding: UInt64?

  @Flag(help: "With --into, leave out modules whose layers the checkpoint does not have.")
  var skipMissing = false

  @Flag(
    help:
      "With --into FOLDER, copy files that links in the folder point to outside it, instead of refusing."
  )
  var followLinks = false

  @Option(
    help: ArgumentHelp(
      "The model that all files are for; updates of DoRA and the like depend on its weights.",
      valueName: "checkpoint"), completion: .file())
  var base: String?

  @Flag(help: "Show what would be written: modules, ranks, bytes.")
  var dryRun = false

  @Option(help: "Reproduce the strength and the losses of sd-scripts' merge scripts.")
  var compat: Compatibility?

  @OptionGroup(title: "Method") var method: MethodOptions
  @OptionGroup(title: "Weights by a rule") var weights: WeightOptions
  @OptionGroup(title: "Layers") var layers: LayerOptions
  @OptionGroup(title: "Result") var result: OutputOptions
  @OptionGroup(title: "Rank of the result") var rank: RankOptions
  @OptionGroup(title: "Report") var reporting: ReportOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  package init() {}

  package func validate() throws {
    try checkWeights()
    try validateBaking()
    if files.isEmpty { throw ValidationError("Missing expected argument '<files>'.") }
    if files.count(where: { $0.path == "-" }) > 1 {
      throw ValidationError("Only one of the files can be standard input.")
    }
    try checkMethod()
    try weights.check(files, method.method.type)
    if dryRun && (reporting.html != nil || checkpoint != nil) {
      throw ValidationError("--dry-run writes nothing: --html and --into do not go with it.")
    }
  }

  /// Refuses a weight that is separated from its file.
  private func checkWeights() throws {
    for (file, next) in zip(files.map(\.path), files.map(\.path).dropFirst())
    where Double(next) != nil && FileKind(path: next) == .missing {
      throw ValidationError(
        "'\(next)' is no file; a weight is written behind its file, as in \(file):\(next).")
    }
  }

  package func run() throws {
    let (inputs, leftOut) = try inputs()
    let combination = try weighted(inputs)
    if let checkpoint {
      let (limited, notes) = try limited(combination)
      try bake(limited, into: checkpoint, leftOut: leftOut, notes)
      return
    }
    let path = result.output ?? "-"
    try reporting.prepare()
    var writer = try ResultWriter(
      result, common, combination, to: path, isDryRun: dryRun, comment: comment(combination, nil))
    let (limited, notes) = try limited(combination)
    writer = writer.saying(comment(limited, notes.comment), of: limited)
    let progress = Progress("merging", total: limited.layers.count, quiet: common.quiet)
    defer { progress.finish() }

    var plan = try plan(limited) { progress.advance() }
    if let mix { plan = plan.mixed(seed: mix) }
    if dryRun {
      progress.finish()
      let list = ReportList(file: files.map(\.path).joined(separator: " + "))
      try writer.preview(
        plan, leftOut: leftOut, merging: notes.isEmpty ? nil : notes, in: list)
      return
    }
    let written = try writer.write(plan)
    progress.finish()
    var report = WriteReport(
      written, of: limited, inputNames: files.map(\.path), leftOut: writer.leftOut + leftOut,
      capped: plan.cappedRanks(by: rank.choice), listsModules: reporting.modules)
    if !notes.isEmpty { report.merging = notes }
    try writer.report(
      report, html: reporting.html, command: "merge", inputs: try inputNorms(limited))
  }

  /// `merge (ties, density 0.3): b * 1 + a * -0.5`.
  private func comment(_ combination: Combination, _ notes: String?) -> String {
    let terms = zip(files, combination.inputs).map { "\(stem(of: $0.path)) * \($1.weight)" }
    let rule = weights.rule.map { ", \($0.text)" } ?? ""
    let said = notes.map { "; \($0)" } ?? ""
    return "merge (\(method.text)\(rule)): \(terms.joined(separator: " + "))\(said)"
  }

  /// Applies the chosen limits to the sum; returns the sum and the notes on its weights.
  private func limited(_ combination: Combination) throws -> (Combination, MergeNotes) {
    let progress = Progress("measuring", total: combination.layers.count, quiet: common.quiet)
    defer { progress.finish() }
    var (result, notes) = try weights.limits.applied(
      to: combination, threads: common.threadCount
    ) { progress.advance() }
    if weights.rule != nil {
      notes.weights = zip(files, combination.inputs).map { ($0.path, $1.weight) }
    }
    return (result, notes)
  }

  /// The norms of the inputs for the page; `nil` if no page is written.
  private func inputNorms(_ combination: Combination) throws -> InputNorms? {
    if reporting.html == nil { return nil }
    return InputNorms(
      combination, try combination.innerProducts(threads: common.threadCount),
      isSum: method.method.type.isSum && compat == nil)
  }

  /// The files' layers that pass the filter, and the names of all others.
  private func inputs() throws -> ([Combination.Input], LeftOut) {
    let filter = try layers.filter()
    let typed = files.map(\.weight)
    let weights = weights.rule?.weights(typed) ?? typed
    var leftOut = LeftOut()
    var names: Set<TensorName> = []
    let inputs = try zip(files, weights).map { file, weight in
      let adapter = try AdapterSource(path: file.path).adapter()
      let (kept, others) = try filter.applied(to: adapter)
      for name in others where names.insert(TensorName(name)).inserted {
        leftOut.add(name, as: .filtered)
      }
      return Combination.Input(kept, weight: weight)
    }
    return (inputs, leftOut)
  }

  private func weighted(_ inputs: [Combination.Input]) throws -> Combination {
    let assignment = try BlockWeightAssignment(
      arguments: Array(commandLineArguments().dropFirst()), fileCount: files.count)
    for (index, input) in inputs.enumerated() {
      try assignment.weights(of: index)?.check(for: input.adapter.baseModel)
    }
    return try Combination(
      inputs, world: result.world(for: inputs),
      base: (base ?? checkpoint).map {
        CheckpointLayers(try Checkpoint(path: $0), for: inputs.map(\.adapter))
      },
      leavesMissing: checkpoint != nil
    ) { input, target in
      let byPart = target.network == .denoiser ? unetWeight : teWeight
      return (assignment.weights(of: input)?.weight(of: target) ?? 1) * (byPart ?? 1)
    }
  }

  private func plan(
    _ combination: Combination, onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    let threads = common.threadCount
    func imitation(
      _ reduce: @Sendable (Combination.Layer) throws -> Reduction
    ) throws -> ResultPlan {
      try combination.computedPlan(
        promise: .imitation, threads: threads, onLayer: onLayer, reduce)
    }
    switch (method.method.type.name, compat, rank.choice) {
    case (_, nil, let choice):
      return try method.choice.plan(combination, choice, threads: threads, onLayer: onLayer)
    case (Concatenation.name, _, _):
      return try imitation { try SDScriptsMerging.concatenation($0) }
    case (_, _, let choice?):
      return try imitation { try SDScriptsMerging.approximation($0, choice) }
    case (_, _, nil):
      return try imitation { try SDScriptsMerging.sum($0) }
    }
  }
}
