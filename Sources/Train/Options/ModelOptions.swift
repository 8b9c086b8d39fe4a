import ArgumentParser
import CommandSupport

/// How the base model is read.
struct ModelOptions: ParsableArguments {
  @Flag(help: .usual("Check that the model is Stable Diffusion 2.")) var v2 = false

  @Flag(help: .usual("The model predicts velocity, not noise.")) var vParameterization = false

  @Option(
    help: .usual("VAE in place of the model's: a file, a model or a folder.", "path"),
    completion: .file())
  var vae: String?

  @Option(
    help: .usual("Folder with vocab.json and merges.txt, for captions.", "folder"),
    completion: .directory)
  var tokenizer: String?

  @Option(.whole(1...100), help: .usual("Use the text encoder's n-th last layer.", "n"))
  var clipSkip: Int?

  @Option(.tokens, help: .rare("Tokens of a caption: 75, 150 or 225.", "n")) var maxTokenLength:
    Int?
}
