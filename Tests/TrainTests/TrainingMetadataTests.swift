import ArgumentParser
import Diffusion
import Files
import Images
import JSON
import Names
import TestSupport
import Testing

@testable import Datasets
@testable import Train

@Suite struct TrainingMetadataTests {
  @Test(arguments: [
    (
      OrderedJSON.object([
        .init("a", .array([.integer(1), .number(0.5), .null])),
        .init("é\n", .string("スライダー😀\"\\\u{7f}")),
      ]),
      #"{"a": [1, 0.5, null], "\u00e9\n": "\u30b9\u30e9\u30a4\u30c0\u30fc\ud83d\ude00\"\\\u007f"}"#
    ),
    (.object([]), "{}"), (.array([]), "[]"), (.boolean(true), "true"), (.number(0), "0.0"),
    (.number(1e-5), "1e-05"), (.number(.nan), "NaN"), (.number(1e16), "1e+16"),
  ])
  func jsonIsThatOfPython(_ value: OrderedJSON, _ text: String) {
    #expect(value.dumped == text)
  }

  @Test(arguments: [
    (1e-3, "0.001"), (1.0, "1.0"), (1e-5, "1e-05"), (0.0001, "0.0001"), (2e-6, "2e-06"),
    (123456.5, "123456.5"),
  ])
  func numbersAreThoseOfPython(_ value: Double, _ text: String) {
    #expect(PythonText.of(value) == text)
  }

  @Test func fixedClockHasOneTime() {
    let clock = RunClock(Clock(sourceDateEpoch: "1700000000"), session: 5)
    #expect(clock.now == 1_700_000_000)
    #expect(clock.session == 1_700_000_000)
    #expect(clock.date(at: clock.now) == "2023-11-14T22:13:20")
    #expect(RunClock(Clock(sourceDateEpoch: "soon"), session: 5).session == 5)
  }

  @Test func articleIsDescribedAsSdScriptsDescribesIt() throws {
    let entries = try Self.entries(
      [
        "-o", "a.safetensors", "--learning-rate", "0.001", "--train-batch-size", "2",
        "--max-train-epochs", "30", "--lr-warmup-steps", "250", "--lr-scheduler",
        "cosine_with_restarts", "--noise-offset", "0.1", "--seed", "42", "--optimizer-type",
        "AdamW8bit", "--optimizer-args", "weight_decay=0.1", "--optimizer-args",
        "betas=0.9,0.99", "--network-args", "conv_dim=4", "--resolution", "512",
      ], step: 500, epoch: 10)
    let expected = [
      "ss_learning_rate": "0.001", "ss_text_encoder_lr": "None", "ss_unet_lr": "None",
      "ss_num_train_images": "100", "ss_num_batches_per_epoch": "50", "ss_num_epochs": "30",
      "ss_max_train_steps": "1500", "ss_epoch": "10", "ss_steps": "500", "ss_seed": "42",
      "ss_lr_warmup_steps": "250", "ss_lr_scheduler": "cosine_with_restarts",
      "ss_network_module": "networks.lora", "ss_network_dim": "4", "ss_network_alpha": "1.0",
      "ss_network_args": #"{"conv_dim": "4", "dropout": null}"#,
      "ss_optimizer": "torch.optim.adamw.AdamW(weight_decay=0.1,betas=(0.9, 0.99))",
      "ss_multires_noise_discount": "0.3", "ss_multires_noise_iterations": "None",
      "ss_noise_offset": "0.1", "ss_v2": "False", "ss_base_model_version": "sd_v1",
      "ss_resolution": "(512, 512)", "ss_total_batch_size": "2", "ss_max_bucket_reso": "None",
      "ss_dataset_dirs": #"{"100_girl": {"n_repeats": 100, "img_count": 1}}"#,
      "ss_reg_dataset_dirs": "{}", "ss_tag_frequency": #"{"100_girl": {"girl": 1}}"#,
      "ss_bucket_info": "null", "ss_session_id": "1700000000",
      "ss_training_started_at": "1700000000.0", "ss_sd_model_hash": "IsADirectory",
      "modelspec.architecture": "stable-diffusion-v1/lora", "modelspec.title": "a",
      "modelspec.resolution": "512x512", "modelspec.date": "2023-11-14T22:13:20",
      "modelspec.prediction_type": "epsilon", "modelspec.sai_model_spec": "1.0.1",
      "modelspec.implementation": "diffusers",
    ]
    for (key, value) in expected { #expect(entries[key] == value, "\(key)") }
    #expect(entries["modelspec.author"] == nil)
    #expect(entries.count > 90)
  }

  @Test func noMetadataKeepsWhatReadersNeed() throws {
    let entries = try Self.entries(["-o", "a.st", "--no-metadata"], step: 1, epoch: 1)
    let kept = entries.keys.filter { $0.hasPrefix("ss_") }.sorted()
    #expect(
      kept == [
        "ss_base_model_version", "ss_network_alpha", "ss_network_dim", "ss_network_module", "ss_v2",
      ])
  }

  @Test func bucketsAndConfiguredDatasetsAreListed() throws {
    let data = try Self.data(buckets: true, datasets: 2)
    let entries = Dictionary(
      uniqueKeysWithValues: data.metadata(isConfigured: true).map { ($0.key, $0.value) })
    #expect(entries["ss_num_train_images"] == "200")
    #expect(
      entries["ss_dataset_dirs"]
        == #"{"100_girl": {"n_repeats": 100, "img_count": 1}, "100_girl (2)": {"n_repeats": 100, "img_count": 1}}"#
    )
    #expect(
      entries["ss_datasets"]?.contains(
        #""bucket_info": {"buckets": {"0": {"resolution": [512, 512], "count": 100}}, "mean_img_ar_error": 0.0}"#
      ) == true)
    #expect(entries["ss_resolution"] == nil)
  }

  /// One picture in `100_girl`, as one data set or more of them.
  private static func data(buckets: Bool, datasets: Int = 1) throws -> TrainingData {
    let folder = try TemporaryFolder()
    try folder.addPicture("100_girl/a.png", 512, 512)
    var subset = DatasetConfiguration.Subset(.folder(folder.path + "/100_girl"))
    (subset.numRepeats, subset.classTokens) = (100, "girl")
    var dataset = DatasetConfiguration.Dataset(PixelSize(width: 512, height: 512))
    (dataset.batchSize, dataset.enableBucket, dataset.bucketNoUpscale) = (2, buckets, true)
    dataset.subsets = [subset]
    return try TrainingData(
      DatasetConfiguration(datasets: Array(repeating: dataset, count: datasets)))
  }

  private static func entries(_ arguments: [String], step: Int, epoch: Int) throws -> [String:
    String]
  {
    let options = try TrainingOptions.parse(arguments)
    let plan = try TrainingPlan(
      options,
      layout: .stableDiffusion, prediction: .noise, batchesPerEpoch: 50, randomSeed: 9)
    let metadata = try TrainingMetadata(
      options: options, plan: plan,
      base: .init(
        family: .sd1, predictsVelocity: false, name: "model", legacyHash: nil, sha256: nil, vae: nil
      ),
      dataset: data(buckets: false).metadata(isConfigured: false),
      resolution: PixelSize(width: 512, height: 512),
      clock: RunClock(Clock(sourceDateEpoch: "1700000000"), session: 1))
    let entries = metadata.entries(step: step, epoch: epoch)
    #expect(Set(entries.map(\.key)).count == entries.count)
    return Dictionary(entries.map { ($0.key, $0.value) }) { first, _ in first }
  }
}
