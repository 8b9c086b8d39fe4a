import ArgumentParser
import CommandSupport

/// What `lora slider` needs beside the options of training.
struct SliderOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The picture at the slider's low end.", valueName: "picture"))
  var before: String

  @Option(help: ArgumentHelp("The same picture with one thing changed.", valueName: "picture"))
  var after: String

  @Option(help: ArgumentHelp("Draw a strip of pictures over weights here.", valueName: "file"))
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
