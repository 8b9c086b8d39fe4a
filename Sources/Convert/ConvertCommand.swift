import Adapters
package import ArgumentParser
import CommandSupport
import LinearAlgebra
import Results
import Safetensors
import Tensors

package struct ConvertCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write an adapter under another program's names.",
    usage: "lora convert FILE ... --to NAMING [-o OUT] [options]",
    discussion: paragraphs(
      """
      Renames modules and lays out their tensors as another program reads them. The update stays the
      same to the last bit that the element type holds. Where the target has no alpha, alpha is
      multiplied into the factors. Layers that one program has joined and another apart (q, k and v of
      Flux, Z-Image, HunyuanVideo and others) are cut or joined exactly, at no higher rank than they
      need. PEFT and MLX results are folders with their configuration, unless the output's name is that
      of a file. The report says which programs read the result. The command lists
      what the target cannot hold, and writes nothing unless --skip-unsupported leaves it out. --plain
      expands LoHa, LoKr and Tucker convolutions to up · down, exactly; DoRA and others that depend
      on the base model need --base and --rank for it. Without -o the result goes to standard output.

      Several files, or a folder of them, each give a result of their own name in the folder -o. -o
      may be a pattern, in which {name} stands for the input's name.

        lora convert a.safetensors --to diffusers \\
          -o pytorch_lora_weights.safetensors
        lora convert a.safetensors --to peft -o adapter
        lora convert lokr.safetensors --to kohya --plain -o plain.safetensors
        lora convert loras --to comfy -o converted/
      """))

  @Argument(
    help: "Adapters, or folders of them; - is standard input.", completion: .file())
  var files: [String]

  @Flag(help: "Expand LoHa, LoKr, Tucker and full differences to up · down.")
  var plain = false

  @Flag(help: "Leave out what the target cannot hold, instead of refusing.")
  var skipUnsupported = false

  @Option(
    help: ArgumentHelp(
      "With --plain, the model whose weights DoRA and the like depend on.",
      valueName: "checkpoint"), completion: .file())
  var base: String?

  @Option(.rank, help: ArgumentHelp("With --base, the rank of what depends on it.", valueName: "n"))
  var rank: Int?

  @Flag(help: "Report every module.")
  var modules = false

  @Flag(help: "Show what would be written: modules, ranks, bytes.")
  var dryRun = false

  @Option(
    help: ArgumentHelp("Of several adapters in a file or folder, the one of this name."))
  var adapter: String?

  @OptionGroup(title: "Layers") var layers: LayerOptions
  @OptionGroup(title: "Result") var result: OutputOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  package init() {}

  package func validate() throws {
    if files.isEmpty { throw ValidationError("Missing expected argument '<files>'.") }
    if result.to == nil {
      let names = Naming.allValueStrings.joined(separator: ", ")
      throw ValidationError("Say whose names the result is to have: --to \(names).")
    }
    if base != nil && (!plain || rank == nil) {
      throw ValidationError("--base goes with --plain and --rank.")
    }
    if base == nil && rank != nil { throw ValidationError("--rank goes with --base.") }
  }

  package func run() throws {
    guard let naming = result.to else { return }
    let checkpoint = try base.map { try Checkpoint(path: $0) }
    try ResultFiles(
      files, result, filter: layers.filter(), adapterName: adapter
    ).forEach(common) { item, reports in
      try convert(item, to: naming, checkpoint, reports)
    }
  }

  private func convert(
    _ item: ResultFiles.Item, to naming: Naming, _ checkpoint: Checkpoint?, _ reports: ReportList
  ) throws {
    let (adapter, output) = (item.adapter, item.outputs[0])
    let choice = rank.map { RankChoice(rule: .fixed($0)) }
    let conversion = try Conversion(
      adapter, to: naming, expands: plain,
      base: checkpoint.map { CheckpointLayers($0, for: [adapter]) }, choice: choice)
    try check(conversion, naming, file: item.path)
    let writer = try ResultWriter(
      result, common, model: adapter.baseModel, types: [adapter.type],
      inputs: [.init(adapter, weight: 1)], to: output, isDryRun: dryRun,
      comment: "converted from \(adapter.naming.name) to \(naming.name)")
    let progress = Progress(
      "converting \(item.path)", total: conversion.modules.count, quiet: common.quiet)
    defer { progress.finish() }
    let plan = ResultPlan(modules: conversion.modules, promise: conversion.promise) {
      progress.advance()
    }
    if dryRun {
      try writer.preview(plan, leftOut: item.leftOut + conversion.leftOut, in: reports)
      return
    }
    let written = try writer.write(plan)
    progress.finish()
    var leftOut = writer.leftOut + item.leftOut
    leftOut.add(conversion.leftOut)
    try writer.report(
      WriteReport(
        written, leftOut: leftOut, readers: naming.readers(of: adapter.baseModel),
        capped: plan.cappedRanks(by: choice), listsModules: modules),
      in: reports)
  }

  /// Throws on modules that the naming cannot hold, unless they are left out.
  private func check(_ conversion: Conversion, _ naming: Naming, file: String) throws {
    let items = conversion.unsupported.map { "\(printable($0.name)) (\($0.reason))" }
    if !items.isEmpty && !skipUnsupported {
      throw AdapterError(
        file: file, reason: .unsupported(items: items, naming: naming, canExpand: !plain))
    }
    if conversion.modules.isEmpty {
      throw AdapterError(file: file, reason: .nothingLeft(naming: naming))
    }
  }
}
