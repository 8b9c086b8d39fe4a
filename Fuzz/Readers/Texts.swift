import ArgumentParser
import Diffusion
import Images
import TOML
import Tensors

@testable import Datasets
@testable import Train

/// Reads bytes as TOML, as a `--dataset-config` in TOML, and as one in JSON.
func readTOML(_ bytes: [UInt8]) throws {
  let isJSON = bytes.first == UInt8(ascii: "{")
  let table = try isJSON ? TOMLTable(json: bytes, file: "d.json") : TOMLTable(bytes, file: "d.toml")
  var warnings: [String] = []
  _ = try DatasetConfigurationReader(
    file: "d.toml", options: plainRun.options, resolution: PixelSize(width: 64, height: 64)
  ).read(table, warnings: &warnings)
}

/// Reads bytes as a `--sample-prompts` file: JSON, TOML or lines.
func readPrompts(_ bytes: [UInt8]) throws {
  let ending: String
  switch bytes.first {
  case UInt8(ascii: "["): ending = bytes.starts(with: "[prompt]".utf8) ? "toml" : "json"
  default: ending = "txt"
  }
  for prompt in try SamplePrompts.read(bytes, file: "p.\(ending)", standard: SamplePrompt()) {
    precondition(prompt.width % 8 == 0 && prompt.height % 8 == 0, "\(prompt)")
    precondition(1...1000 ~= prompt.steps && prompt.scale.isFinite, "\(prompt)")
  }
}

/// Reads bytes as a caption, with every rule that looks at its text.
func readCaption(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  for keepsLines in [false, true] {
    let caption = CaptionFile.caption(in: text, keepsLines: keepsLines)
    var rules = CaptionRules()
    rules.enableWildcard = true
    rules.shuffleCaption = true
    rules.keepTokensSeparator = "|||"
    rules.secondarySeparator = ";;;"
    rules.captionTagDropoutRate = 0.5
    rules.tokenWarmupStep = 10
    var generator = Philox(seed: 1, stream: 1)
    for step in [0, 5, 10] {
      let moment = CaptionRules.Moment(epoch: 1, step: step, stepCount: 20)
      _ = rules.apply(to: caption, at: moment, using: &generator)
    }
  }
}

/// What a run on the tiny model is asked for.
let plainRun: (options: TrainingOptions, plan: TrainingPlan) = {
  do {
    let options = try TrainingOptions.parse([
      "--model", "m", "--image", "p.png", "--max-train-steps", "9", "--seed", "1", "-o", "a.st",
    ])
    return (
      options,
      try TrainingPlan(
        options, layout: .stableDiffusion, prediction: .noise, batchesPerEpoch: 1, randomSeed: 1)
    )
  } catch {
    preconditionFailure("\(error)")
  }
}()
