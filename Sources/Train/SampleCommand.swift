import Adapters
package import ArgumentParser
import CommandSupport
import Compute
import ComputeCPU
import Diffusion
import Files
import Images
import Pages
import Safetensors

package struct SampleCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Draw pictures with adapters at weights: one, a strip, or a grid.",
    usage: "lora sample --model MODEL -o FILE.png [--html PAGE.html] [options]",
    discussion: paragraphs(
      """
        lora sample --model MODEL --prompt "a girl" -o one.png
        lora sample --model MODEL --lora slider.safetensors:0.5 -o half.png

      Several --lora are stacked: all work at once, each at its weight. Their ranges go in step, \
      which needs as many weights of each; weight1 and weight2 as axes try each with each.

      Whatever has several values becomes an axis of a grid, weights across and seeds down:
        lora sample --model MODEL --lora slider.safetensors:-2..2/9 --seed 1,2,3 \\
          -o strip.png
        lora sample --model MODEL --lora a-000010.safetensors \\
          --lora a-000020.safetensors --lora a.safetensors --columns file \\
          --seed 1,2,3 -o epochs.png
        lora sample --model MODEL --lora a.safetensors:0..1/3 \\
          --lora b.safetensors:0..1/3 --columns weight1 --rows weight2 -o mix.png

      --html writes a page with a slider over the weights, or over the columns where no weight \
      changes. It works without a network and on a phone; -o may be left out then:
        lora sample --model MODEL --lora slider.safetensors:-2..2/9 --seed 1-3 \\
          --html page.html

      An adapter that is on from a later step on leaves more of the picture as it was: the first \
      steps decide the composition. Numbers up to 1 are shares of the steps, greater ones are \
      steps, as in ComfyUI's start_percent and A1111's loractl:
        lora sample --model MODEL --lora slider.safetensors:-2..2/9 \\
          --adapter-from 0,0.1,0.2,0.3 --html page.html
        lora sample --model MODEL --lora style.safetensors:0.8@0-0.6 \\
          --lora slider.safetensors:1@5-30 -o two.png
      """))

  @Option(
    help: ArgumentHelp("Base model: a checkpoint or a diffusers folder.", valueName: "path"),
    completion: .file())
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Adapter, at weight 1, FILE:0.5, or FILE:-2..2/9 for nine; @FROM-TO behind a weight keeps it "
        + "to some steps; may be repeated.",
      valueName: "file[:weight]"), completion: .file())
  var lora: [String] = []

  @Option(
    .stepMarks,
    help: ArgumentHelp(
      "Where adapters without @FROM-TO begin: a share of the steps up to 1, else a step.",
      valueName: "step,…"))
  var adapterFrom: StepMarkList?

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The picture, a PNG file.", valueName: "file"), completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp("A page with a slider over the pictures.", valueName: "file"),
    completion: .file())
  var html: String?

  @Option(help: ArgumentHelp("What to draw; may be repeated. (default: the empty prompt)"))
  var prompt: [String] = []

  @Option(help: ArgumentHelp("What to move away from.", valueName: "prompt"))
  var negativePrompt = ""

  @Option(
    .seeds,
    help: ArgumentHelp("Seeds from 0 to 4294967295, such as 1,2,3 or 8-10.", valueName: "n,…"))
  var seed = SeedList(seeds: [0])

  @Option(.samplerSteps, help: ArgumentHelp("Steps of the sampler.", valueName: "n")) var steps = 30

  @Option(
    name: [.customLong("scale"), .customLong("cfg")],
    .guidance,
    help: ArgumentHelp("How far to go from the negative prompt; 1: not at all.", valueName: "x"))
  var scale = 7.5

  @Option(
    .sampler, help: ArgumentHelp("ddim, euler, euler_a or dpmsolver++.", valueName: "name"),
    completion: .list(SamplerMethod.allCases.map(\.rawValue)))
  var sampler = "ddim"

  @Option(help: ArgumentHelp("Where its steps lie. (default: diffusers')", valueName: "name"))
  var spacing: NoiseGrid.Spacing?

  @Option(
    .side,
    help: ArgumentHelp("Pixels, a multiple of 8. (default: the model's own)", valueName: "pixels"))
  var width: Int?

  @Option(
    .side,
    help: ArgumentHelp("Pixels, a multiple of 8. (default: the model's own)", valueName: "pixels"))
  var height: Int?

  @Option(
    help: ArgumentHelp("What changes from column to column.", valueName: "axis"),
    completion: .list(PictureAxis.allValueStrings))
  var columns: PictureAxis?

  @Option(
    help: ArgumentHelp("What changes from row to row.", valueName: "axis"),
    completion: .list(PictureAxis.allValueStrings))
  var rows: PictureAxis?

  @OptionGroup var options: ModelOptions

  @Option(help: ArgumentHelp("Where to compute.", valueName: "name")) var device = DeviceChoice.auto

  @Option(
    help: ArgumentHelp(
      "Numbers of the model. (default: bf16 on a GPU that has it, else fp16; no on the CPU)",
      valueName: "type"))
  var mixedPrecision: MixedPrecision?

  @Option(help: ArgumentHelp(visibility: .private)) var randomWeights: String?
  @OptionGroup var common: CommonOptions

  package init() {}

  package func validate() throws {
    if output == nil, html == nil {
      throw ValidationError("Nothing is written; give -o FILE.png or --html PAGE.html.")
    }
    if let fault = output.flatMap(misleadingPictureName) { throw ValidationError(fault) }
    if adapterFrom != nil, lora.isEmpty {
      throw ValidationError("--adapter-from is a step of adapters; give --lora FILE.")
    }
  }

  package func run() throws {
    let grid = try SampleGrid(
      files: lora.map { try WeightedFile($0) { FileKind(path: $0) != .missing } },
      prompts: prompt.isEmpty ? [""] : prompt, seeds: seed.seeds,
      starts: adapterFrom?.marks ?? [StepWindow().start], columns: columns, rows: rows)
    try grid.checkWindows(steps: steps)
    if html != nil { try grid.checkSlides() }
    var outputs = PlannedOutputs()
    outputs.addFile(output)
    outputs.addFile(html)
    try outputs.prepare()
    let device = try ComputeDevice(
      device, precision: mixedPrecision, threads: common.threadCount, environment: environment)
    defer { device.report(quiet: common.quiet) }
    let maker = try gridMaker(grid, on: device)
    let places = grid.plan.places
    let texts = [(keyword: "parameters", value: settings(maker.prompts))]
    let start = ContinuousClock.now
    let progress = Progress(
      "drawing", total: places.joined().count * steps, quiet: common.quiet)
    var finished: [Picture] = []
    func unfinished() -> UnfinishedGrid {
      UnfinishedGrid(finished, columns: places.first?.count ?? 0, rows: places.count)
    }
    do {
      for place in places.joined() {
        finished.append(try maker.picture(at: place) { _ in progress.advance() })
        if places.joined().count > 1 { Interruption.savesFirst() }
      }
    } catch let interrupted as Interrupted {
      progress.finish()
      let path = output ?? Path(html ?? "").withoutExtension + ".png"
      Terminal.note(try unfinished().write(beside: path, texts: texts) { drawn($0, grid) })
      throw interrupted
    }
    progress.finish()
    let pictures = unfinished().rows
    let picture = drawn(pictures, grid)
    if let output { try picture.write(to: output, texts: texts) }
    if let html { try Pages.write(page(pictures, maker.prompts, grid).html(), to: html) }
    try report(picture, of: grid, leftOut: maker.stack.leftOut, since: start)
    if let status = Interruption.exitStatus { throw ExitCode(status) }
  }

  /// Says what was drawn.
  private func report(
    _ picture: Picture, of grid: SampleGrid, leftOut: [(file: String, items: LeftOut)],
    since start: ContinuousClock.Instant
  ) throws {
    let places = grid.plan.places
    if !common.quiet {
      func size(_ path: String) -> String {
        byteCount(ofFile: path).map { ", \(bytes($0))" } ?? ""
      }
      let count = counted(places.joined().count, "picture")
      let time = duration((ContinuousClock.now - start).inSeconds)
      if let output {
        Terminal.note(
          "\(output): \(count), \(picture.width) × \(picture.height)\(size(output)), \(time)")
      }
      if let html { Terminal.note("\(html): a page of \(count)\(size(html)), \(time)") }
    }
    guard common.json else { return }
    try Terminal.show(
      json(
        SampleReport(
          output: output, page: html, columns: grid.plan.columns, rows: grid.plan.rows,
          pictures: places.map { $0.map { grid.entry(at: $0, steps: steps) } },
          leftOut: Dictionary(leftOut, uniquingKeysWith: { first, _ in first }))))
  }

  private func drawn(_ pictures: [[Picture]], _ grid: SampleGrid) -> Picture {
    if let only = pictures.first?.first, pictures.count == 1, pictures[0].count == 1 { return only }
    return PictureGrid(
      rows: pictures, columnLabels: grid.columnLabels, rowLabels: grid.rowLabels
    ).drawn()
  }

  /// The settings of the pictures, as other programs write them into theirs.
  private func settings(_ prompts: [SamplePrompt]) -> String {
    let size = prompts.first.map { "\($0.width)x\($0.height)" } ?? ""
    let starts = adapterFrom.map { ", LoRA from: \($0)" } ?? ""
    return """
      \(prompt.joined(separator: " | "))
      Negative prompt: \(negativePrompt)
      Steps: \(steps), Sampler: \(sampler), CFG scale: \(PythonText.short(scale)), Seed: \(seed.defaultValueDescription), \
      Size: \(size), \
      Model: \(Path(model ?? "").name), LoRA: \(lora.joined(separator: " "))\(starts)
      """
  }
}

extension NoiseGrid.Spacing: ExpressibleByArgument {}
