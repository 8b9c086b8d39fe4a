import Datasets
import Diffusion
import Files
import Images

/// Draws the pictures that are asked for while training.
struct SamplePainter {
  private let prompts: [SamplePrompt]
  private let maker: PictureMaker
  private let folder: String
  private let name: String
  private let seed: UInt32

  /// - Returns: nil if no pictures are asked for.
  init?(_ job: TrainingJob) throws {
    guard let plan = job.plan.samples else { return nil }
    var standard = SamplePrompt()
    (standard.width, standard.height) = Self.size(job)
    standard.sampler = plan.sampler
    prompts =
      try plan.prompts.map { [standard] in
        try SamplePrompts.read(readFile($0, atMost: settingsLimit), file: $0, standard: standard)
      } ?? [standard]
    maker = try PictureMaker(job)
    try maker.text.check(prompts.flatMap { [$0.prompt, $0.negativePrompt] })
    folder = job.plan.saves.output.directory + "sample"
    name = job.plan.saves.output.name.map { $0 + "_" } ?? ""
    seed = job.plan.seed
  }

  /// The size of the first bucket, so that pictures look like those trained on.
  private static func size(_ job: TrainingJob) -> (width: Int, height: Int) {
    let size = job.data?.datasets.first?.buckets.first?.size
    return (size?.width ?? 512, size?.height ?? 512)
  }

  /// Draws all pictures in one step each, and writes none.
  func rehearse(_ loop: TrainingLoop) throws {
    for var prompt in prompts {
      prompt.steps = 1
      _ = try maker.picture(of: prompt, seed: seed, adapters: loop.currentAdapters)
    }
  }

  /// Draws all pictures into the folder `sample` beside the result.
  func paint(step: Int, _ loop: TrainingLoop) throws {
    try makeFolder(folder)
    for (index, prompt) in prompts.enumerated() {
      let picture = try maker.picture(
        of: prompt, seed: prompt.seed ?? seed, adapters: loop.currentAdapters)
      let file = "\(name)\(padded(step, to: 6))_\(padded(index, to: 2)).png"
      try picture.write(to: "\(folder)/\(file)", texts: [])
    }
  }
}

extension Picture {
  /// Writes the picture as PNG; the file appears whole or not at all.
  func write(to path: String, texts: [(keyword: String, value: String)]) throws {
    try OutputFile(path: path).commit(png(texts: texts))
  }
}
