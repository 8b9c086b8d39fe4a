import CommandSupport
import Files
import Images
import Pages

extension SampleCommand {
  /// The pictures of a grid as a page with a slider.
  ///
  /// - Parameters:
  ///   - pictures: Row by row, of all places of the grid's plan.
  ///   - prompts: As they are drawn.
  func page(_ pictures: [[Picture]], _ prompts: [SamplePrompt], _ grid: SampleGrid) -> SliderPage {
    let slidesRows = grid.slidingAxis != grid.plan.columns
    let rows = slidesRows ? transposed(pictures) : pictures
    let labels = slidesRows ? grid.columnLabels : grid.rowLabels
    let axis = grid.pageAxis
    let only = grid.seeds.count == 1 ? "seed \(grid.seeds[0])" : "picture"
    return SliderPage(
      title: pageTitle(grid), axis: axis,
      rows: rows.enumerated().map { index, pictures in
        SliderPage.Row(label: index < labels.count ? labels[index] : only, pictures: pictures)
      },
      figures: figures(rows, axis), settings: pageSettings(prompts, grid),
      adapter: grid.adapterOfPage.map { SliderPage.Adapter(file: $0) }, command: "sample")
  }

  private func pageTitle(_ grid: SampleGrid) -> String {
    let names = grid.files.map(\.name)
    if names.isEmpty { return Path(model ?? "sample").name }
    return names.count > 3 ? counted(names.count, "adapter") : names.joined(separator: " + ")
  }

  /// What a stranger may know: files without the folders that they lie in.
  private func pageSettings(
    _ prompts: [SamplePrompt], _ grid: SampleGrid
  ) -> [(name: String, value: String)] {
    let adapters = zip(grid.files, lora).map { file, argument in
      Path(file.path).name + argument.dropFirst(file.path.count)
    }
    let size = prompts.first.map { "\($0.width) × \($0.height)" } ?? ""
    let texts = prompts.map { $0.prompt.isEmpty ? "(empty)" : $0.prompt }
    let given: [(name: String, value: String?)] = [
      ("Model", Path(model ?? "").name),
      ("Adapters", adapters.isEmpty ? nil : adapters.joined(separator: ", ")),
      ("Adapters from", adapterFrom?.description), ("Prompt", texts.joined(separator: " | ")),
      ("Negative prompt", negativePrompt.isEmpty ? nil : negativePrompt),
      ("Seeds", seed.defaultValueDescription), ("Sampler", sampler), ("Steps", "\(steps)"),
      ("Guidance scale", PythonText.short(scale)), ("Size", size),
    ]
    return given.compactMap { setting in setting.value.map { (setting.name, $0) } }
  }

  /// How far the pictures are from those at 0; nil where the axis has none.
  private func figures(_ rows: [[Picture]], _ axis: SliderPage.Axis) -> SliderPage.Figures? {
    guard axis.values?.contains(0) == true, axis.name.hasPrefix("weight") else { return nil }
    let changes = axis.labels.indices.map { position in
      PictureDistance(
        meanOf: rows.map { PictureDistance(from: $0[axis.reference], to: $0[position]) }
      ).mean
    }
    return SliderPage.Figures(
      lines: [("change", changes)],
      explanation:
        "The mean difference of a picture from that at \(axis.name) 0, as a share of the "
        + "range of colours.")
  }
}

private func transposed(_ pictures: [[Picture]]) -> [[Picture]] {
  (0..<(pictures.first?.count ?? 0)).map { column in pictures.map { $0[column] } }
}

extension SampleGrid {
  /// The slider of a page, its labels without what they have in common.
  fileprivate var pageAxis: SliderPage.Axis {
    let axis = slidingAxis
    let labels = axis == plan.columns ? columnLabels : rowLabels
    var (name, prefix) = (axis?.name ?? "", "\(axis?.name ?? "") ")
    if case .weightOf(let number) = axis {
      (name, prefix) = ("weight of \(files[number - 1].name)", "\(files[number - 1].name) ")
    }
    let isCommon = labels.allSatisfy { $0.hasPrefix(prefix) && $0.count > prefix.count }
    return SliderPage.Axis(
      name: name, labels: isCommon ? labels.map { String($0.dropFirst(prefix.count)) } : labels)
  }

  /// The file whose weight alone changes, in all steps.
  fileprivate var adapterOfPage: String? {
    guard slidingAxis == .weight, files.count == 1, files[0].window == nil,
      starts == [StepWindow().start]
    else { return nil }
    return files[0].path
  }
}
