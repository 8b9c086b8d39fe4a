import ArgumentParser
import CommandSupport

/// The options of `lora slider` beside those of training.
struct SliderOptions: ParsableArguments {
  @Option(
    name: .customLong("before"),
    help: ArgumentHelp("The picture at the slider's low end.", valueName: "picture"),
    completion: .file())
  var befores: [String]

  @Option(
    name: .customLong("after"),
    help: ArgumentHelp("The same picture with one thing changed.", valueName: "picture"),
    completion: .file())
  var afters: [String]

  @Option(
    help: ArgumentHelp("Draw a strip of pictures over weights here.", valueName: "file"),
    completion: .file())
  var strip: String?

  @Option(
    .weightRange, help: ArgumentHelp("Weights of the strip.", valueName: "first..last/count"))
  var stripWeights = "-2..2/9"

  @Option(.seeds, help: ArgumentHelp("Seeds of the strip, a row each.", valueName: "n,…"))
  var stripSeeds = SeedList(seeds: [1, 2, 3])

  @Option(
    help: ArgumentHelp(
      "difference: of two copies; merged: the second trained on top of the first, half the rank.",
      valueName: "name"))
  var method = SliderMethod.difference

  @Flag(help: "Keep the two copies beside the result, as NAME-before and NAME-after.")
  var keepCopies = false
}

extension SliderOptions {
  /// Lists, so that no picture of several is dropped without a word.
  func checkCounts() throws {
    guard befores.count > 1 || afters.count > 1 else { return }
    throw ValidationError(
      "lora slider takes one pair: --before was given \(counted(befores.count, "time")), --after "
        + "\(counted(afters.count, "time")). Of several pairs train two adapters, lora train --image "
        + "LOW1 --image LOW2 --network-train-unet-only -o before.st and the same with the high ones "
        + "-o after.st; their slider is lora diff after.st before.st -o slider.st.")
  }

  var before: String { befores.last ?? "" }
  var after: String { afters.last ?? "" }

  subscript(copy: SliderCopy) -> String {
    switch copy {
    case .before: before
    case .after: after
    }
  }
}

/// One of the two adapters that a slider is made of.
enum SliderCopy: String, Hashable, Codable {
  case before
  case after
}

/// The way in which two pictures become a slider.
enum SliderMethod: String, CaseIterable, ExpressibleByArgument, Encodable {
  /// Two adapters trained on the same model; the slider is their exact difference.
  case difference

  /// The second is trained on the model with the first one added to its weights, and is the slider
  /// itself: half the rank.
  case merged
}
