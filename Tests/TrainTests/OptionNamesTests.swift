import ArgumentParser
import JSON
import Testing

@testable import Train

@Suite struct OptionNamesTests {
  /// The keys that reflection finds are the names that the parser reads.
  @Test func everyKeyIsAFlagOfThatName() throws {
    let kinds = Setting.declarations(in: TrainingOptions.self)
    #expect(kinds.count > 110)
    let help = TrainingOptions._dumpHelp()
    for (key, _, _) in kinds where key != "output" {
      let name = key.replacing("_", with: "-")
      #expect(help.contains("\"name\" : \"\(name)\""), "\(name)")
    }
  }

  @Test func settingsAreReadBack() throws {
    let options = try TrainingOptions.parse([
      "--learning-rate=1e-4", "--network-dim", "8", "--resolution", "512x768", "--lr-warmup-steps",
      "10%", "--text-encoder-lr=1e-5", "--enable-bucket", "--adaptive-noise-scale", "-0.1",
    ])
    let settings = Dictionary(
      uniqueKeysWithValues: Setting.all(of: options).map { ($0.key, $0.value) })
    #expect(settings["learning_rate"] == .number(1e-4))
    #expect(settings["network_dim"] == .integer(8))
    #expect(settings["resolution"] == .string("512,768"))
    #expect(settings["lr_warmup_steps"] == .string("0.1"))
    #expect(settings["text_encoder_lr"] == .array([.number(1e-5)]))
    #expect(settings["enable_bucket"] == .boolean(true))
    #expect(settings["unet_lr"] == .null)
    #expect(settings["optimizer_type"] == .string("AdamW"))
    #expect(settings["adaptive_noise_scale"] == .number(-0.1))
  }

  @Test(arguments: [
    ("netwrok_dropout", "network_dropout"), ("max_train_epoch", "max_train_epochs"),
    ("lerning_rate", "learning_rate"), ("zzzzzzzzz", nil),
  ])
  func nearestKeyIsNamed(_ unknown: String, _ nearest: String?) {
    #expect(OptionNames(TrainingOptions.self).nearest(to: unknown) == nearest)
  }
}
