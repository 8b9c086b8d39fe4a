import Adapters
import ArgumentParser
import Baking
import CommandSupport
import QuantizedWeights
import Results
import Safetensors

extension MergeCommand {
  /// Refuses options that do not apply to a checkpoint.
  func validateBaking() throws {
    guard checkpoint != nil else {
      if skipMissing { throw ValidationError("--skip-missing goes with --into.") }
      if followLinks { throw ValidationError("--follow-links goes with --into.") }
      if requantise != nil { throw ValidationError("--requantise goes with --into.") }
      if stochasticRounding != nil {
        throw ValidationError("--stochastic-rounding goes with --into.")
      }
      return
    }
    let isExact = method.method.type.name == Concatenation.name
    if !isExact || rank.choice != nil || mix != nil || compat != nil {
      throw ValidationError(
        "--into adds the exact sum: --method, --rank, --mix, --compat do not go with it.")
    }
    if reporting.modules || reporting.html != nil {
      throw ValidationError("--into reports one number: --modules, --html do not go with it.")
    }
    if base != nil || result.to != nil || result.dtype != nil {
      throw ValidationError(
        "--into keeps the checkpoint's names and types: --base, --to, --dtype do not go with it.")
    }
  }

  /// Writes the checkpoint with the sum of the adapters added.
  func bake(
    _ combination: Combination, into checkpoint: String, leftOut: LeftOut, _ notes: MergeNotes
  ) throws {
    let path = result.output ?? "-"
    if !common.quiet, let note = misleadingName(of: path) { Terminal.note(note) }
    let model = try Checkpoint(path: checkpoint)
    let layers = CheckpointLayers(model, for: combination.inputs.map(\.adapter))
    let baked = try BakedLayers(
      combination, in: layers, skipsMissing: skipMissing, requantization: requantise ?? .same)
    let progress = Progress("baking", total: baked.tensorCount, quiet: common.quiet)
    defer { progress.finish() }
    let report = try BakedModel(baked, threads: common.threadCount, seed: stochasticRounding)
      .write(
        to: path, compresses: result.zstd, followsLinks: followLinks,
        accept: { try check(BakingReport($0, of: baked, leftOut: leftOut, notes), path: path) },
        onTensor: { progress.advance() })
    progress.finish()
    if !common.quiet { for note in model.leftLists { Terminal.note(note) } }
    try show(BakingReport(report, of: baked, leftOut: leftOut, notes), path: path)
  }

  private func check(_ report: BakingReport, path: String) throws {
    guard !result.acceptError, let failure = report.failure else { return }
    throw VerdictError(
      file: path, failure: failure,
      remedy: report.requantised == nil
        ? "bake into the same model in a wider type"
        : "take --stochastic-rounding 1 or --requantise bf16")
  }

  private func show(_ report: BakingReport, path: String) throws {
    if common.json {
      let text = try json(report)
      if path == "-" { Terminal.report(text) } else { try Terminal.show(text) }
    } else if !common.quiet {
      let target = path == "-" ? "standard output" : printable(path)
      var lines: [String] = []
      if let text = report.leftOut.text { lines.append(text) }
      lines += report.merging?.lines ?? []
      lines.append(
        "\(target): \(counted(report.modules, "module")) baked into \(counted(report.tensors, "tensor"))"
      )
      lines += report.requantised.map { [$0.text] } ?? []
      lines.append(report.verdict)
      Terminal.report(lines.joined(separator: "\n"))
    }
  }
}

extension Checkpoint {
  /// Says which lists of GGUF headers a safetensors file does not get.
  fileprivate var leftLists: [String] {
    parts.filter { !$0.quantized.longLists.isEmpty }.map { part in
      let lists = part.quantized.longLists.map { "\(printable($0.key)) (\($0.count))" }
      return
        "\(printable(part.file.path)): safetensors has no place for \(counted(lists.count, "list")) "
        + "of the header: \(lists.joined(separator: ", "))"
    }
  }
}

/// The schemes in which weights can be written, by their options' spellings.
extension Requantization: ExpressibleByArgument {}
