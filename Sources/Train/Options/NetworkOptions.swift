import ArgumentParser
import CommandSupport

/// Which adapter is trained and from what start.
struct NetworkOptions: ParsableArguments {
  @Option(.trainable, help: .rare("Only networks.lora.", "module")) var networkModule:
    NetworkModule?

  @Option(
    help: .usual("More of the network, such as conv_dim=4; may be repeated.", "key=value"))
  var networkArgs: [String] = []

  @Flag(help: .usual("Adapt the U-Net only.")) var networkTrainUnetOnly = false

  @Flag(help: .rare("Adapt the text encoders only.")) var networkTrainTextEncoderOnly = false

  @Option(.dropout, help: .rare("Share of the rank's activations dropped.", "share"))
  var networkDropout: Double?

  @Option(help: .usual("Start from this adapter.", "file"), completion: .file()) var networkWeights:
    String?

  @Flag(help: .rare("Take rank and alpha from --network-weights.")) var dimFromWeights = false

  @Option(
    help: .rare("Merge this adapter into the base first; may be repeated.", "file"),
    completion: .file())
  var baseWeights: [String] = []

  @Option(.weight, help: .rare("Weight of each --base-weights. (default: 1)", "weight"))
  var baseWeightsMultiplier: [Double] = []

  @Option(.number(0...1e6), help: .rare("Largest norm of a module's update.", "norm"))
  var scaleWeightNorms: Double?
}

/// The base model, its VAE and its tokenizer.
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
