import Compute
import Diffusion
import Images

/// Draws the pictures of a grid, each under the same noise as its neighbours of one seed.
struct PictureGridMaker {
  let maker: PictureMaker
  let stack: AdapterStack
  let prompts: [SamplePrompt]
  let seeds: [UInt32]
  let spacing: NoiseGrid.Spacing?

  /// How many values each axis has.
  ///
  /// - Parameter separatesFiles: Whether each file is drawn alone, not all together.
  func counts(separatesFiles: Bool) -> [PictureAxis: Int] {
    [
      .weight: stack.weightCount, .seed: seeds.count, .prompt: prompts.count,
      .file: separatesFiles ? max(1, stack.files.count) : 1,
    ]
  }

  /// Draws one picture of the grid.
  func picture(
    at place: [PictureAxis: Int], separatesFiles: Bool, progress: (Int) -> Void
  ) throws -> Picture {
    let adapters = stack.adapters(
      weight: place[.weight, default: 0], only: separatesFiles ? place[.file, default: 0] : nil,
      on: maker.backend)
    return try maker.picture(
      of: prompts[place[.prompt, default: 0]], seed: seeds[place[.seed, default: 0]],
      adapters: adapters, spacing: spacing, progress: progress)
  }

  /// What a picture of the grid is drawn of.
  func entry(at place: [PictureAxis: Int], separatesFiles: Bool) -> SampleReport.Entry {
    SampleReport.Entry(
      seed: seeds[place[.seed, default: 0]], prompt: prompts[place[.prompt, default: 0]].prompt,
      adapters: stack.uses(
        weight: place[.weight, default: 0], only: separatesFiles ? place[.file, default: 0] : nil))
  }

  /// What stands beside a column or row.
  func label(_ axis: PictureAxis?, _ index: Int) -> String {
    switch axis {
    case .weight: PythonText.short(stack.weight(index, of: stack.rangedFile))
    case .seed: "seed \(seeds[index])"
    case .file: stack.files[index].name
    case .prompt: prompts[index].prompt.isEmpty ? "(empty)" : prompts[index].prompt
    case nil: ""
    }
  }
}

extension AdapterStack {
  /// The first file whose weight changes.
  fileprivate var rangedFile: Int { files.firstIndex { $0.weights.count == weightCount } ?? 0 }
}

extension PythonText {
  /// A weight without needless digits: `1`, `-0.5`, `0.333`.
  static func short(_ value: Double) -> String {
    let rounded = (value * 1000).rounded() / 1000
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
