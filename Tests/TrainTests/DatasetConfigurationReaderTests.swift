import ArgumentParser
import Datasets
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
    var warnings: [String] = []
    let configuration = try reader.read(
      TOMLTable(json: Array(json.utf8), file: "d.json"), warnings: &warnings)
    #expect(configuration == (try Self.read(toml, [])))
    #expect(throws: OptionsError(place: "d.json", reason: .unusable("is no JSON object"))) {
      try TOMLTable(json: Array("[1]".utf8), file: "d.json")
    }
  }

  /// What sd-scripts has in a data set and changes nothing is named once, whoever repeats it.
  @Test func foreignKeysArePassedOver() throws {
    var warnings: [String] = []
    let configuration = try Self.read(
      """
      [[datasets]]
      network_multiplier = 1.0
      validation_split = 0.0
      [[datasets.subsets]]
      image_dir = "a"
      cache_info = true
      custom_attributes = {mood = "calm"}
      color_aug = false
      num_repeats = 3.0
      [[datasets.subsets]]
      image_dir = "b"
      cache_info = true
      """, [], &warnings)
    #expect(configuration.datasets[0].subsets.map(\.numRepeats) == [3, 1])
    #expect(warnings == ["d.toml: cache_info, custom_attributes change nothing here"])
  }

  @Test func flagIsSwitchedOffForOneSubset() throws {
    let configuration = try Self.read(
      "[[datasets]]\n[[datasets.subsets]]\nimage_dir = \"a\"\nflip_aug = false\n"
        + "[[datasets.subsets]]\nimage_dir = \"b\"\n", ["--flip-aug"])
    #expect(configuration.datasets[0].subsets.map(\.flipAug) == [false, true])
  }

  @Test(arguments: [
    (
      "max_bucket_reso = 4611686018427387904",
      "max_bucket_reso takes a whole number from 8 to 16384, not 4611686018427387904"
    ),
    (
      "resolution = [512, 0]",
      "resolution takes a size such as 512 or 512x768, of sides from 8 to 16384, not '512,0'"
    ),
    ("keep_tokens = -1", "keep_tokens takes a whole number from 0 to 1000, not -1"),
    ("caption_dropout_rate = nan", "caption_dropout_rate takes a number from 0 to 1, not nan"),
    (
      "num_repeats = 2147483647",
      "num_repeats takes a whole number from 1 to 1000000, not 2147483647"
    ),
    (
      "network_multiplier = 0.5",
      "'network_multiplier' is not supported: every picture is trained on at weight 1"
    ),
    ("flip_aug = 2", "flip_aug takes true or false, not 2"),
    ("image_dir = {a = 1}", "image_dir takes a text or a number, not a table"),
    (
      "custom_attributes = {diff_output_preservation = true}",
      "'diff_output_preservation' is not supported: pictures are the only target"
    ),
  ])
  func valueIsRefusedWithItsLine(_ line: String, _ message: String) {
    let key = line.split(separator: " ")[0]
    let isOfDataset = DatasetConfigurationReader.datasetKeys.contains(String(key))
    let text =
      isOfDataset
      ? "[[datasets]]\n\(line)\n[[datasets.subsets]]\nimage_dir = \"a\""
      : "[[datasets]]\n[[datasets.subsets]]\n\(line)"
    let error = #expect(throws: OptionsError.self) { try Self.read(text, []) }
    #expect(error?.description == "d.toml:\(isOfDataset ? 2 : 3): \(message)")
  }

  @Test(arguments: [
    ("x = 1", "d.toml: has no [[datasets]]; settings of the run belong to --config"),
    ("[[datasets]]\nbatch_size = 1", "d.toml: a data set has no [[datasets.subsets]]"),
    ("[[datasets]]\n[[datasets.subsets]]\nnum_repeats = 1", "d.toml: a subset has no image_dir"),
    (
      "[[datasets]]\n[[datasets.subsets]]\nimage_dir = \"a\"\nkeep_token = 1",
      "d.toml:4: 'keep_token' is no option; did you mean 'keep_tokens'?"
    ),
    (
      "[[datasets]]\nbatch_size = 0\n[[datasets.subsets]]\nimage_dir = \"a\"",
      "d.toml:2: batch_size takes a whole number from 1 to 4096, not 0"
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
    var warnings: [String] = []
    return try read(text, arguments, &warnings)
  }

  private static func read(
    _ text: String, _ arguments: [String], _ warnings: inout [String]
  ) throws -> DatasetConfiguration {
    let reader = DatasetConfigurationReader(
      file: "d.toml", options: try TrainingOptions.parse(arguments),
      resolution: PixelSize(width: 512, height: 512))
    return try reader.read(TOMLTable(Array(text.utf8), file: "d.toml"), warnings: &warnings)
  }
}
