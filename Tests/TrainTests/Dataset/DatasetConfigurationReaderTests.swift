import ArgumentParser
import Images
import TOML
import Testing

@testable import Train

@Suite struct DatasetConfigurationReaderTests {
  /// A subset's key is its own, else its data set's, else that of all, else the command line's.
  @Test func nearestSettingCounts() throws {
    let configuration = try Self.read(
      """
      [general]
      shuffle_caption = true
      keep_tokens = 2
      batch_size = 3
      [[datasets]]
      resolution = [512, 768]
      enable_bucket = true
      keep_tokens = 1
        [[datasets.subsets]]
        image_dir = "a"
        num_repeats = 10
        class_tokens = "girl"
        flip_aug = true
        [[datasets.subsets]]
        image_dir = "b"
        keep_tokens = 5
        is_reg = true
      [[datasets]]
      batch_size = 1
      resolution = 256
        [[datasets.subsets]]
        image_dir = "c"
        secondary_separator = ";"
      """, ["--caption-prefix", "p", "--train-batch-size", "7"])
    let (first, second) = (configuration.datasets[0], configuration.datasets[1])
    #expect(first.resolution == PixelSize(width: 512, height: 768))
    #expect(first.batchSize == 3)
    #expect(first.enableBucket)
    #expect(first.subsets.map(\.caption.keepTokens) == [1, 5])
    #expect(first.subsets.map(\.flipAug) == [true, false])
    #expect(first.subsets.map(\.isReg) == [false, true])
    #expect(first.subsets[0].numRepeats == 10)
    #expect(first.subsets[0].classTokens == "girl")
    #expect(first.subsets[0].caption.shuffleCaption)
    #expect(first.subsets[0].caption.captionPrefix == "p")
    #expect(first.subsets[0].source == .folder("a"))
    #expect(second.batchSize == 1)
    #expect(!second.enableBucket)
    #expect(second.subsets[0].caption.keepTokens == 2)
    #expect(second.subsets[0].caption.secondarySeparator == ";")
  }

  @Test func jsonSaysTheSame() throws {
    let json = """
      {"general": {"shuffle_caption": true}, "datasets": [{"resolution": [512, 768],
       "batch_size": 3, "subsets": [{"image_dir": "a", "num_repeats": 10, "is_reg": false}]}]}
      """
    let toml = """
      [general]
      shuffle_caption = true
      [[datasets]]
      resolution = [512, 768]
      batch_size = 3
      [[datasets.subsets]]
      image_dir = "a"
      num_repeats = 10
      """
    let reader = DatasetConfigurationReader(
      file: "d.json", options: try TrainingOptions.parse([]),
      resolution: PixelSize(width: 512, height: 512))
    let configuration = try reader.read(TOMLTable(json: Array(json.utf8), file: "d.json"))
    #expect(configuration == (try Self.read(toml, [])))
    #expect(throws: OptionsError(place: "d.json", reason: .unusable("is no JSON object"))) {
      try TOMLTable(json: Array("[1]".utf8), file: "d.json")
    }
  }

  @Test(arguments: [
    ("x = 1", "d.toml: has no [[datasets]]"),
    ("[[datasets]]\nbatch_size = 1", "d.toml: a data set has no [[datasets.subsets]]"),
    ("[[datasets]]\n[[datasets.subsets]]\nnum_repeats = 1", "d.toml: a subset has no image_dir"),
    (
      "[[datasets]]\n[[datasets.subsets]]\nimage_dir = \"a\"\nkeep_token = 1",
      "d.toml:4: 'keep_token' is no option; did you mean 'keep_tokens'?"
    ),
    (
      "[[datasets]]\nbatch_size = 0\n[[datasets.subsets]]\nimage_dir = \"a\"",
      "d.toml:2: 'batch_size' takes a number from 1, not '0'"
    ),
    (
      "[[datasets]]\n[[datasets.subsets]]\nimage_dir = \"a\"\ncolor_aug = true",
      "d.toml:4: 'color_aug' is not supported: it cannot be used with cached latents; alter the pictures"
    ),
  ])
  func badFileIsRefused(_ text: String, _ message: String) {
    let error = #expect(throws: OptionsError.self) { try Self.read(text, []) }
    #expect(error?.description == message)
  }

  private static func read(_ text: String, _ arguments: [String]) throws -> DatasetConfiguration {
    let reader = DatasetConfigurationReader(
      file: "d.toml", options: try TrainingOptions.parse(arguments),
      resolution: PixelSize(width: 512, height: 512))
    return try reader.read(TOMLTable(Array(text.utf8), file: "d.toml"))
  }
}
