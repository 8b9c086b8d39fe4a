import ArgumentParser
import CommandSupport
import Datasets
import Files

/// The options of `lora slider` beside those of training.
struct SliderOptions: ParsableArguments {
  @Option(
    name: .customLong("before"),
    help: ArgumentHelp("The picture at the slider's low end.", valueName: "picture"),
    completion: .file())
  var befores: [String] = []

  @Option(
    name: .customLong("after"),
    help: ArgumentHelp("The same picture with one thing changed.", valueName: "picture"),
    completion: .file())
  var afters: [String] = []

  @Option(
    name: .customLong("pair"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Both pictures of a pair; give --pair once for each pair.", valueName: "before after"),
    completion: .file())
  var pairPictures: [String] = []

  @Option(
    help: ArgumentHelp(
      "Folder of pairs: NAME.png and NAME_after.png, with a caption in NAME.txt if there is one.",
      valueName: "folder"),
    completion: .directory)
  var pairs: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The end of a second picture's name in the folder.", valueName: "text"))
  var afterSuffix = "_after"

  @Option(
    .places,
    help: ArgumentHelp(
      "Places of the pictures of each --pair on the slider, such as 0,0.5,1 for three.",
      valueName: "p,…"))
  var stepsOf = SliderPlaces(values: [0, 1])

  @Option(
    help: ArgumentHelp("What all pictures show. (default: the empty caption)", valueName: "text"))
  var caption: String?

  @Option(
    help: ArgumentHelp("Write a page with a slider over the pictures here.", valueName: "page"),
    completion: .file())
  var html: String?

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
      "direct: one adapter, trained on what differs; difference: of two copies; merged: the second "
        + "copy trained on top of the first, half the rank.",
      valueName: "name"))
  var method = SliderMethod.direct

  @Option(
    help: ArgumentHelp(
      "Prompts to check the slider with, a line each. (default: the empty one)", valueName: "file"),
    completion: .file())
  var checkPrompts: String?

  @Flag(help: "Leave the slider at the strength that it was trained at.")
  var noCalibrate = false

  @Flag(help: "Write the slider without drawing with it.")
  var noCheck = false

  @Flag(help: "Keep the two copies beside the result, as NAME-before and NAME-after.")
  var keepCopies = false

  @Option(
    help: ArgumentHelp(
      "direct: deep: the deep blocks of the U-Net, for a change of large parts; middle: the next too, for "
        + "thin ones; all: every layer, which changes colours too; auto: deep or middle, by the pictures.",
      valueName: "name"))
  var layers = SliderLayers.auto

  @Option(
    .stillness,
    help: .rare(
      "direct: weight of what changes in pictures of the model's own; 0 draws none.", "w"))
  var stillness = 0.0

  @Option(.whole(1...1000), help: .rare("direct: how many of these pictures are drawn.", "n"))
  var stillPictures = 16

  @Option(
    help: .rare("direct: their prompts, a line each. (default: the empty one)", "file"),
    completion: .file())
  var stillPrompts: String?

  @Option(
    .whole(1...1000), help: .rare("direct: variations of each pair, itself included.", "n"))
  var variations = 1

  @Option(.share, help: .rare("direct: how far variations mix the colours.", "share"))
  var varyColours = 0.0

  @Option(.whole(0...1024), help: .rare("direct: how far variations shift.", "pixels"))
  var varyShift = 0

  @Flag(help: .rare("direct: mirror half of the variations.")) var varyMirror = false
}

extension SliderOptions {
  /// Two pictures by their files, and their places on the slider.
  struct PairFiles: Hashable {
    let before: String
    let after: String

    /// The second place less the first, of the whole way.
    var span = 1.0
    var caption = ""
  }

  /// All pairs, in the order in which they are named; of three pictures or more, each two.
  ///
  /// - Parameter note: Takes a sentence on what a folder has beside its pairs.
  /// - Throws: Where pictures are missing, or where a method that takes one pair is given several.
  func pairFiles(note: (String) -> Void = { _ in }) throws -> [PairFiles] {
    let places = stepsOf.values
    guard pairPictures.count % places.count == 0 else {
      throw ValidationError(
        "--pair takes \(places.count == 2 ? "two" : "\(places.count)") pictures, and "
          + "\(pairPictures.count) \(pairPictures.count == 1 ? "is" : "are") given; put the one "
          + "without the change first.")
    }
    guard befores.count == afters.count else {
      throw ValidationError(
        "a slider is made of pairs: --before was given \(counted(befores.count, "time")), --after "
          + "\(counted(afters.count, "time")).")
    }
    var files = zip(befores, afters).map { PairFiles(before: $0, after: $1) }
    for first in stride(from: 0, to: pairPictures.count, by: places.count) {
      let pictures = Array(pairPictures[first..<first + places.count])
      for low in places.indices {
        for high in places.indices.dropFirst(low + 1) {
          files.append(
            PairFiles(
              before: pictures[low], after: pictures[high],
              span: (places[high] - places[low]) / (places[places.count - 1] - places[0])))
        }
      }
    }
    for index in files.indices { files[index].caption = caption ?? "" }
    if let pairs {
      files += try ImagePairs.pairs(in: pairs, suffix: afterSuffix, caption: caption, note: note)
    }
    guard !files.isEmpty else {
      throw ValidationError("no pictures are given; give --before PICTURE --after PICTURE.")
    }
    guard method == .direct || files.allSatisfy(\.caption.isEmpty) else {
      throw ValidationError("captions of pairs belong to --method direct; the copies have none.")
    }
    guard files.count > 1, method != .direct else { return files }
    throw ValidationError(
      "lora slider --method \(method.rawValue) takes one pair, and \(files.count) are given; "
        + "--method direct takes several.")
  }

  /// Throws where an option is given that the method does nothing with.
  func checkMethod() throws {
    if method == .direct {
      guard keepCopies else { return }
      throw ValidationError(
        "--keep-copies belongs to --method difference and merged: the direct method has no copies.")
    }
    let isVaried = variations > 1 || varyColours > 0 || varyShift > 0 || varyMirror
    if isVaried || stillness > 0 || stillPrompts != nil || layers != .auto {
      throw ValidationError(
        "--layers, --stillness, --still-prompts, --variations and --vary-… belong to --method "
          + "direct.")
    }
  }

  func recipe(for pairs: [PicturePair]) throws -> DirectRecipe {
    let prompts = try stillPrompts.map { path in
      try SamplePrompts.read(
        readFile(path, atMost: settingsLimit), file: path, standard: SamplePrompt()
      ).map(\.prompt)
    }
    return DirectRecipe(
      layers: layers.resolved(for: pairs),
      variations: PictureVariation.Limits(
        count: variations, colours: Float(varyColours), shift: varyShift, mirrors: varyMirror),
      stillness: Float(stillness), stillCount: stillPictures,
      stillPrompts: prompts ?? [""])
  }
}

extension SliderOptions {
  /// The picture of a copy, for the methods of one pair.
  subscript(copy: SliderCopy) -> String {
    guard let files = try? pairFiles().first else { return "" }
    return copy == .before ? files.before : files.after
  }
}

/// Places on a slider: `0,0.5,1`, rising.
struct SliderPlaces: Hashable, ExpressibleByArgument, CustomStringConvertible {
  let values: [Double]

  init(values: [Double]) { self.values = values }

  init?(argument: String) {
    let values = argument.split(separator: ",", omittingEmptySubsequences: false)
      .map { Double(trimmed($0)) }
    let numbers = values.compactMap { $0 }.filter(\.isFinite)
    guard numbers.count == values.count, numbers.count >= 2, numbers == numbers.sorted(),
      Set(numbers).count == numbers.count
    else { return nil }
    self.values = numbers
  }

  var defaultValueDescription: String { description }
  var description: String { values.map(PythonText.short).joined(separator: ",") }
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

  /// One adapter, trained on the difference itself.
  case direct
}
