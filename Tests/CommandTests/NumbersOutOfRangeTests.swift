import Foundation
import TestSupport
import Testing

/// Numbers that only the model, or the run, finds too large: the program ends by a sentence.
@Suite struct NumbersOutOfRangeTests {
  private static let model = [
    "--model", "train/tiny-model", "--tokenizer", "paperdoll/model/tokenizer", "--threads", "1",
    "-q",
  ]
  private static let train =
    ["train"] + model + [
      "--image", "paperdoll/small-head.png", "--resolution", "16", "-o", "no.st",
    ]
  private static let sample = ["sample"] + model + ["-o", "no.png", "--steps", "1"]

  static let refused: [(arguments: [String], status: Int32, message: String)] = [
    (
      train + ["--clip-skip", "99"], 1,
      "lora: --clip-skip takes a number up to 1 here, not 99: the text encoder has 1 layer\n"
    ),
    (
      sample + ["--clip-skip", "2"], 1,
      "lora: --clip-skip takes a number up to 1 here, not 2: the text encoder has 1 layer\n"
    ),
    (
      train + ["--network-dim", "5000"], 1,
      "lora: --network-dim takes a rank up to 8 here, not 5000: no layer of the model can hold more\n"
    ),
    (
      train + ["--network-args", "conv_dim=1000000"], 1,
      "lora: --network-args conv_dim takes a rank up to 8 here, not 1000000: no layer of the model "
        + "can hold more\n"
    ),
    (
      train + ["--max-train-steps", "0"], 64,
      "lora: --max-train-steps takes a whole number from 1 to 10000000, not 0\n"
    ),
    (
      train + ["--train-batch-size", "-1"], 64,
      "lora: --train-batch-size takes a whole number from 1 to 4096, not -1\n"
    ),
    (
      sample + ["--scale", "inf"], 64, "lora: --scale takes a number from 0 to 1000, not inf\n"
    ),
    (
      sample + ["--width", "2147483648"], 64,
      "lora: --width takes a whole number from 8 to 16384, not 2147483648\n"
    ),
    (
      ["verify", "pair/a.safetensors", "--threads", "1000000"], 64,
      "lora: --threads takes a whole number from 1 to 1024, not 1000000\n"
    ),
  ]

  @Test(arguments: refused)
  func isRefusedInOneLine(
    _ example: (arguments: [String], status: Int32, message: String)
  ) throws {
    let outcome = try Program.run(example.arguments)
    #expect(outcome.errors == example.message)
    #expect(outcome.status == example.status)
    #expect(outcome.output.isEmpty)
  }

  /// What options take at most is also taken by what plans with it.
  @Test(arguments: [
    ["--max-train-steps", "10000000"], ["--repeats", "1000000"], ["--threads", "1024"],
    ["--gradient-accumulation-steps", "4096"], ["--seed", "4294967295"],
    ["--max-train-epochs", "10", "--repeats", "1000000"],
    [
      "--enable-bucket", "--min-bucket-reso", "8", "--max-bucket-reso", "16384",
      "--bucket-reso-steps", "8",
    ],
  ])
  func largestIsPlanned(_ arguments: [String]) throws {
    let outcome = try Program.run(Self.train + arguments + ["--dry-run"])
    #expect(outcome.errors == "")
    #expect(outcome.status == 0)
  }

  @Test(arguments: [
    (
      "clip_skip = 99",
      "run.toml:2: clip_skip takes a number up to 1 here, not 99: the text encoder has 1 layer\n"
    ),
    (
      "network_dim = 5000.0",
      "run.toml:2: network_dim takes a rank up to 8 here, not 5000: no layer of the model can hold "
        + "more\n"
    ),
    (
      "network_args = [\"conv_dim=0\"]",
      "run.toml:2: network_args conv_dim takes a whole number from 1 to 1000000, not 0\n"
    ),
    (
      "optimizer_args = [\"betas=1,1\"]",
      "run.toml:2: optimizer_args betas takes 2 values, each a number from 0 to below 1, not '1,1'\n"
    ),
    (
      "lr_warmup_steps = 5",
      "run.toml:2: lr_scheduler constant has no warm-up; use constant_with_warmup, or drop "
        + "lr_warmup_steps\n"
    ),
    (
      "max_train_steps = 2147483648",
      "run.toml:2: max_train_steps takes a whole number from 1 to 10000000, not 2147483648\n"
    ),
  ])
  func lineOfTheFileIsNamed(_ line: String, _ message: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("v2 = false\n\(line)\n".utf8, to: "run.toml")
    let outcome = try Program.run(Self.train + ["--config", path])
    #expect(outcome.errors.hasSuffix("/\(message)"), "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix("lora: "))
    #expect(outcome.errors.count { $0 == "\n" } == 1)
    #expect(outcome.status == 1)
  }
}
