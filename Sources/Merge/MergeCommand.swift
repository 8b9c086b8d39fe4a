import Adapters
package import ArgumentParser
import CommandSupport
import Files
import LinearAlgebra
import Names
import QuantizedWeights
import Results

package struct MergeCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Add adapters, each with a weight, into one.",
    usage: "lora merge FILE[:WEIGHT] ... [-o OUT] [options]",
    discussion: paragraphs(
      """
      The default method, concat, is exact: the result's update is Σ weight · update, whatever the
      ranks, alphas, types, namings and signs; its rank is the sum of the ranks. svd and linear give
      the best approximation of that sum at a rank. ties, dare, dare-ties and magnitude-prune drop
      elements of the updates first (--density, --seed). The report ends with a verdict on the values
      as stored; the result of an exact method that its type cannot hold is refused. Without -o the
      result goes to standard output.

        lora merge style.safetensors:0.8 face.safetensors:0.5 -o both.safetensors
        lora merge b.safetensors:1 a.safetensors:-1 --method svd --rank 8 \\
          -o slider.safetensors
        lora merge a.safetensors --block-weights MID=0,OUT03=0.5 b.safetensors \\
          -o c.safetensors
        lora merge a.safetensors b.safetensors \\
          | lora resize - --rank 16 -o small.safetensors
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

  @Option(help: "concat, svd, linear, ties, dare, dare-ties or magnitude-prune.")
  var method: MergeMethod = .concat

  @Option(
    .positiveShare,
    help: ArgumentHelp(
      "The share of each update's elements to keep, for methods that drop some (default: 0.5).",
      valueName: "share"))
  var density: Double?

  @Option(
    .whole(0...UInt64.max),
    help: ArgumentHelp("What dare's choice of elements depends on (default: 0).", valueName: "n"))
  var seed: UInt64?

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
      "Turn each module's rank axis by a random matrix, so that sources cannot be read back.",
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
      "With --into, how weights of codes and scales (scaled FP8, INT8, NVFP4, …) are stored afterwards: same, bf16, f16 or fp8-scaled (default: same).",
      valueName: "scheme"))
  var requantise: Requantization?

  @Option(
    .whole(0...UInt64.max),
    help: ArgumentHelp(
      "With --into, round to codes and to floats of up to 16 bits by chance, so that small updates are kept on average.",
      valueName: "seed"))
  var stochasticRounding: UInt64?

  @Flag(help: "With --into, leave out modules whose layers the checkpoint does not have.")
  var skipMissing = false

  @Flag(
    help:
      "With --into FOLDER, copy what links in the folder lead to outside of it, instead of refusing."
  )
  var followLinks = false

  @Option(
    help: ArgumentHelp(
      "The model that all are for; what DoRA and the like do depends on its weights.",
      valueName: "checkpoint"), completion: .file())
  var base: String?

  @Option(help: "Reproduce the strength and the losses of sd-scripts' merge scripts.")
  var compat: Compatibility?

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
    if method != .concat && rank.choice == nil && compat == nil {
      throw ValidationError("--method \(method.rawValue) needs --rank N, or a rule of --sv-….")
    }
    if method == .concat && rank.choice != nil {
      throw ValidationError("--rank and --sv-… go with --method svd; concat keeps every rank.")
    }
    if density != nil && !method.prunes {
      throw ValidationError("--density has no meaning for --method \(method.rawValue).")
    }
    if seed != nil && !method.isRandom {
      throw ValidationError("--seed has no meaning for --method \(method.rawValue).")
    }
    if compat != nil && method.prunes {
      throw ValidationError("sd-scripts has no method \(method.rawValue).")
    }
    if compat != nil && method == .linear && rank.choice != nil {
      throw ValidationError("sd-scripts' linear merge keeps the rank: leave --rank out.")
    }
  }

  /// Refuses a weight that stands apart from its file.
  private func checkWeights() throws {
    for (file, next) in zip(files.map(\.path), files.map(\.path).dropFirst())
    where Double(next) != nil && FileKind(path: next) == .missing {
      throw ValidationError(
        "'\(next)' is no file; a weight is written behind its file, as in \(file):\(next).")
    }
  }

  package func run() throws {
    let inputs = try files.map {
      Combination.Input(try AdapterSource(path: $0.path).adapter(), weight: $0.weight)
    }
    let combination = try weighted(inputs)
    if let checkpoint {
      try bake(combination, into: checkpoint)
      return
    }
    let path = result.output ?? "-"
    try reporting.prepare()
    let writer = try ResultWriter(result, common, combination, to: path, comment: comment)
    let progress = Progress("merging", total: combination.layers.count, quiet: common.quiet)
    defer { progress.finish() }

    var plan = try plan(combination) { progress.advance() }
    if let mix { plan = plan.mixed(seed: mix) }
    let written = try writer.write(plan)
    progress.finish()
    try writer.report(
      WriteReport(
        written, of: combination, inputNames: files.map(\.path), leftOut: writer.leftOut,
        capped: plan.cappedRanks(by: rank.choice), listsModules: reporting.modules),
      reporting, command: "merge")
  }

  /// `merge: b * 1 + a * -0.5`.
  private var comment: String {
    "merge (\(method.rawValue)): "
      + files.map { "\(stem(of: $0.path)) * \($0.weight)" }.joined(separator: " + ")
  }

  private func weighted(_ inputs: [Combination.Input]) throws -> Combination {
    let assignment = try BlockWeightAssignment(
      arguments: Array(commandLineArguments().dropFirst()), fileCount: files.count)
    for (index, input) in inputs.enumerated() {
      try assignment.weights(of: index)?.check(for: input.adapter.baseModel)
    }
    return try Combination(
      inputs, division: result.fluxDivision,
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
    switch (method, compat, rank.choice) {
    case (.concat, nil, _): return combination.concatenation(onLayer: onLayer)
    case (.concat, _, _):
      return try imitation { try SDScriptsMerging.concatenation($0) }
    case (.linear, .sdScripts?, nil):
      return try imitation { try SDScriptsMerging.sum($0) }
    case (.svd, .sdScripts?, let choice?):
      return try imitation { try SDScriptsMerging.approximation($0, choice) }
    case (.svd, _, let choice?), (.linear, _, let choice?):
      return try combination.approximation(choice, threads: threads, onLayer: onLayer)
    case (_, _, let choice?):
      let merging = PrunedMerging(method: method, density: density ?? 0.5, seed: seed ?? 0)
      return try merging.plan(combination, choice, threads: threads, onLayer: onLayer)
    case (_, _, nil):
      throw ValidationError("--method \(method.rawValue) needs --rank N, or a rule of --sv-….")
    }
  }
}
