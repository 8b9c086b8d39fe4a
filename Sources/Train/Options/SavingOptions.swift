import ArgumentParser
import CommandSupport
import Diffusion

/// The files that are written, when, and under which names.
struct SavingOptions: ParsableArguments {
  @Option(help: .rare("Folder of the results; -o is shorter.", "folder"), completion: .directory)
  var outputDir: String?

  @Option(help: .rare("Name of the results, without extension; -o is shorter.", "name"))
  var outputName: String?

  @Option(help: .rare("Only safetensors.", "format")) var saveModelAs = SaveFormat.safetensors

  @Option(
    name: [.customLong("save-precision"), .customLong("dtype")],
    help: .usual("Numbers in the result. (default: f32)", "type"))
  var savePrecision: SavePrecision?

  @Option(.epochs, help: .usual("Save every n epochs.", "n")) var saveEveryNEpochs: Int?

  @Option(.steps, help: .usual("Save every n steps.", "n")) var saveEveryNSteps: Int?

  @Option(.epochs, help: .rare("Save at least n times over the epochs.", "n")) var saveNEpochRatio:
    Int?

  @Option(.epochs, help: .rare("Keep the saves of the last n epochs.", "n")) var saveLastNEpochs:
    Int?

  @Option(.steps, help: .rare("Keep the saves of the last n steps.", "n")) var saveLastNSteps: Int?

  @Option(.epochs, help: .rare("Keep the states of the last n epochs.", "n"))
  var saveLastNEpochsState: Int?

  @Option(.steps, help: .rare("Keep the states of the last n steps.", "n")) var saveLastNStepsState:
    Int?

  @Flag(help: .usual("Save a state to resume from with every save.")) var saveState = false

  @Flag(help: .rare("Save a state at the end.")) var saveStateOnTrainEnd = false

  @Option(
    help: .usual("Go on from this state, to the same bits.", "folder"), completion: .directory)
  var resume: String?

  @Option(.epochs, help: .rare("Begin at the data and names of epoch n.", "n")) var initialEpoch:
    Int?

  @Option(
    .whole(0...10_000_000),
    help: .rare("Begin as if n steps were done; goes before --initial-epoch.", "n"))
  var initialStep: Int?
}

/// The pictures that are drawn while training.
struct SampleOptions: ParsableArguments {
  @Option(
    name: [.customLong("sample-every-n-steps"), .customLong("sample-every")],
    .steps, help: .usual("Draw pictures every n steps.", "n"))
  var sampleEveryNSteps: Int?

  @Option(.epochs, help: .rare("Draw pictures every n epochs.", "n")) var sampleEveryNEpochs: Int?

  @Flag(help: .rare("Draw pictures before the first step.")) var sampleAtFirst = false

  @Option(
    help: .usual("What to draw: .txt, .json or .toml. (default: the empty prompt)", "file"),
    completion: .file())
  var samplePrompts: String?

  @Option(
    .sampler, help: .rare("How to draw.", "name"),
    completion: .list(SamplerMethod.allCases.map(\.rawValue)))
  var sampleSampler = "ddim"
}

/// The metadata of the result.
struct MetadataOptions: ParsableArguments {
  @Flag(help: .rare("Write only what readers need.")) var noMetadata = false

  @Option(help: .rare("Any text.", "text")) var trainingComment: String?

  @Option(help: .rare("Title. (default: the name of the result)", "text")) var metadataTitle:
    String?

  @Option(help: .rare("Author.", "text")) var metadataAuthor: String?

  @Option(help: .rare("Description.", "text")) var metadataDescription: String?

  @Option(help: .rare("Licence.", "text")) var metadataLicense: String?

  @Option(help: .rare("Tags, separated by commas.", "text")) var metadataTags: String?

  @Option(help: .rare("How to use the adapter.", "text")) var metadataUsageHint: String?

  @Option(help: .rare("Words that call the adapter.", "text")) var metadataTriggerPhrase: String?

  @Option(help: .rare("Picture for catalogues, stored inside.", "picture"), completion: .file())
  var metadataThumbnail: String?

  @Option(help: .rare("What the adapter was merged from.", "text")) var metadataMergedFrom: String?

  @Option(help: .rare("How inputs are prepared.", "text")) var metadataPreprocessor: String?

  @Option(help: .rare("Whether it is a negative embedding.", "text"))
  var metadataIsNegativeEmbedding: String?
}
