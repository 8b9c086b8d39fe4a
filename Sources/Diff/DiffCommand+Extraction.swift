import Adapters
import ArgumentParser
import CommandSupport
import Results
import Tensors

extension DiffCommand {
  /// Writes the difference of two checkpoints.
  func extract(_ b: CheckpointLayers, _ a: CheckpointLayers) throws {
    guard let output = result.output, let choice = rank.choice else {
      throw ValidationError(
        "The difference of two checkpoints is written at a rank: give -o FILE and --rank N, or a rule of --sv-…."
      )
    }
    let writer = try ResultWriter(
      result, common, model: b.checkpoint.baseModel, types: b.floatTypes, to: output,
      comment: "extracted: \(stem(of: self.b)) - \(stem(of: self.a)), rank \(rank.text)")
    let extraction = try Extraction(
      b, a, world: (result.to ?? .kohya).world, choice: choice, holdsNorms: fullNorms,
      skipsMismatched: skipMismatched, threads: common.threadCount)
    let progress = Progress("extracting", total: extraction.layers.count, quiet: common.quiet)
    defer { progress.finish() }
    let plan = try extraction.plan(threads: common.threadCount) { progress.advance() }
    if plan.modules.isEmpty, let text = extraction.leftOut.text {
      throw AdapterError(
        file: output,
        reason: .refused("not written, because it would hold no module; \(text)"))
    }
    let written = try writer.write(plan)
    progress.finish()
    try writer.report(
      WriteReport(
        written, onlyInA: extraction.onlyInA, onlyInB: extraction.onlyInB,
        leftOut: extraction.leftOut, leftOutSquared: extraction.leftOutSquared,
        capped: plan.cappedRanks(by: choice), listsModules: modules),
      html: html, command: "diff")
  }
}
