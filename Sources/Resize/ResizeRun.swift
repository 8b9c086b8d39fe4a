import Adapters
import CommandSupport
import LinearAlgebra
import Names
import Results

/// Runs `ResizeCommand` for one of its files.
struct ResizeRun {
  private let command: ResizeCommand
  private let item: ResultFiles.Item
  private let reports: ReportList
  private let layers: CheckpointLayers?
  private let combination: Combination
  private let base: BaseWeights?

  init(
    _ command: ResizeCommand, _ item: ResultFiles.Item, _ checkpoint: Checkpoint?,
    _ reports: ReportList
  ) throws {
    self.command = command
    self.item = item
    self.reports = reports
    if let expert = item.adapter.modules.lazy.compactMap(\.expert).first {
      throw AdapterError(
        file: item.path,
        reason: .refused(
          "\(expert.parameterName) holds the factors of \(expert.count) experts, which PEFT stores at one rank; resize is for single layers, --except leaves them out"
        ))
    }
    layers = checkpoint.map { CheckpointLayers($0, for: [item.adapter]) }
    let combination = try Combination([.init(item.adapter, weight: 1)], base: layers)
    self.combination = combination
    base = try layers.map { try BaseWeights($0, for: combination) }
  }

  func run() throws {
    guard let recipes = command.recipe else { return try resize() }
    let progress = newProgress
    defer { progress.finish() }
    let modules = try RecipeModules(
      combination, recipes, base: base, threads: command.common.threadCount,
      onLayer: { progress.advance() })
    progress.finish()
    for (recipe, output) in zip(recipes, item.outputs) {
      let rescaled =
        recipe.rescale == 1
        ? combination
        : try Combination([.init(item.adapter, weight: recipe.rescale)], base: layers)
      let writer = try writer(
        rescaled, to: output, comment: "resized from \(rankBefore) by \(recipe.text)")
      let (plan, choice) = modules.plan(
        recipe, rescaled, bytesPerElement: writer.bytesPerElement)
      try finish(plan, rescaled, writer, choice)
    }
  }

  /// Writes the result of a rule that is no recipe.
  private func resize() throws {
    let writer = try writer(combination, to: item.outputs[0], comment: comment)
    var choice = LayerChoice()
    let norms = try base?.norms(of: combination, threads: command.common.threadCount) ?? [:]
    choice.add(baseNorms: norms)
    let progress = newProgress
    defer { progress.finish() }
    let plan = try plan(writer, baseNorms: norms) { progress.advance() }
    try finish(plan, combination, writer, choice)
  }

  private var newProgress: Progress {
    Progress(
      "resizing \(item.path)", total: combination.layers.count, quiet: command.common.quiet)
  }

  private func writer(
    _ combination: Combination, to output: String, comment: String
  ) throws -> ResultWriter {
    try ResultWriter(
      command.result, command.common, combination, to: output, isDryRun: command.dryRun,
      comment: comment)
  }

  private func finish(
    _ plan: ResultPlan, _ combination: Combination, _ writer: ResultWriter, _ choice: LayerChoice
  ) throws {
    if command.dryRun {
      try writer.preview(
        plan, leftOut: item.leftOut + choice.leftOut, recipe: choice.recipe, in: reports)
      return
    }
    try writer.report(
      WriteReport(
        try writer.write(plan), of: combination, inputNames: [item.path],
        leftOut: writer.leftOut + item.leftOut,
        capped: plan.cappedRanks(by: command.rank.choice), choice: choice,
        listsModules: command.reporting.modules),
      html: command.reporting.html, command: "resize", in: reports)
  }

  private var rankBefore: String {
    let ranks = Set(item.adapter.modules.map(\.rank))
    return ranks.count == 1 ? "\(ranks.first ?? 0)" : "Dynamic"
  }

  /// The comment in sd-scripts' wording.
  private var comment: String {
    if let bytes = command.bytes { return "resized from \(rankBefore) to \(bytes) bytes" }
    if let params = command.params { return "resized from \(rankBefore) to \(params) parameters" }
    return "dimension is resized from \(rankBefore) to \(command.rank.text)"
  }

  private func plan(
    _ writer: ResultWriter, baseNorms: [Target: Double],
    onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    let threads = command.common.threadCount
    if let choice = command.rank.choice {
      let method: Resizing.Method =
        command.dylora ? .slicing : command.compat == nil ? .approximating : .asSDScripts
      return try Resizing(choice, method)
        .plan(combination, threads: threads, onLayer: onLayer)
    }
    let modules = try BudgetedModules(
      combination, baseNorms: baseNorms, threads: threads, onLayer: onLayer)
    return try modules.plan(
      file: item.path, elements: command.params, byteCount: command.bytes, writer)
  }
}
