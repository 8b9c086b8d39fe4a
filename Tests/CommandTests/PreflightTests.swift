import Foundation
import TestSupport
import Testing

/// What would stop a run after hours stops it before the first step.
@Suite struct PreflightTests {
  private static let model =
    "--model train/tiny-model --tokenizer paperdoll/model/tokenizer --threads 1"
  private static let train =
    "train \(model) --image paperdoll/small-head.png --resolution 16 --network-dim 2 --max-train-steps 2 --seed 1"
  private static let slider =
    "slider \(model) --before paperdoll/small-head.png --after paperdoll/big-head.png --resolution 16 --max-train-steps 1 --seed 1"
  private static let sample = "sample \(model) --width 16 --height 16 --steps 1"

  /// All outputs of the commands that work for long, with a path that is put in.
  static let outputs: [(command: String, option: String)] = [
    (train, "-o $1"), (train, "-o $2/a.st --log $1"), (train, "-o $2/a.st --logging-dir $1"),
    (train, "--output-dir $1 --output-name a"), (train, "-o $1/a.st --sample-every 1"),
    (train, "-o $1 --save-every-n-steps 1 --save-state"),
    (slider, "-o $1"), (slider, "-o $2/a.st --strip $1"),
    (slider, "-o $1 --keep-copies --method difference"),
    (slider, "-o $2/a.st --log $1"), (sample, "-o $1"),
  ]

  /// A file where a folder would have to be.
  @Test(arguments: outputs)
  func whatCannotBeWrittenStopsTheCommandAtOnce(
    _ example: (command: String, option: String)
  ) throws {
    let folder = try TemporaryFolder()
    try folder.write("text".utf8, to: "file")
    let outcome = try Program.run(
      script: "\"$LORA\" \(example.command) \(example.option)", folder["file/x/y"], folder.path)
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("\(folder.path)/file/x/y"), "\(outcome.errors)")
    #expect(!outcome.errors.contains("step 1"), "\(outcome.errors)")
    #expect(try folder.names() == ["file"])
  }

  @Test(arguments: outputs.filter { !$0.command.hasPrefix("sample") })
  func aDryRunFindsItToo(_ example: (command: String, option: String)) throws {
    let folder = try TemporaryFolder()
    try folder.write("text".utf8, to: "file")
    let outcome = try Program.run(
      script: "\"$LORA\" \(example.command) --dry-run \(example.option)", folder["file/x/y"],
      folder.path)
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("\(folder.path)/file/x/y"), "\(outcome.errors)")
    #expect(try folder.names() == ["file"])
  }

  /// One rule: folders that are missing are made.
  @Test func missingFoldersAreMade() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      script: """
        set -e
        "$LORA" \(Self.train) -q -o "$1/a/b/a.st" --log "$1/c/d/log"
        "$LORA" \(Self.sample) -q -o "$1/e/f/p.png"
        "$LORA" merge "$1/a/b/a.st" -q -o "$1/g/h/m.st" --html "$1/i/j/m.html"
        "$LORA" inspect "$1/a/b/a.st" --html "$1/k/l/i.html"
        "$LORA" \(Self.train) --dry-run -o "$1/x/y/a.st" --log "$1/z/log" > "$1/report"
        """, folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try folder.names() == ["a", "c", "e", "g", "i", "k", "report"])
    for file in ["a/b/a.st", "c/d/log", "e/f/p.png", "g/h/m.st", "i/j/m.html", "k/l/i.html"] {
      #expect(FileManager.default.fileExists(atPath: folder[file]), "\(file)")
    }
  }

  @Test func promptFilesAndTokensAreReadFirst() throws {
    let folder = try TemporaryFolder()
    try folder.write("a girl --q 1".utf8, to: "wrong.txt")
    for (more, part) in [
      ("--sample-every 2 --sample-prompts \"$1/none.txt\"", "none.txt"),
      ("--sample-every 2 --sample-prompts \"$1/wrong.txt\"", "wrong.txt:1"),
      ("--tokenizer \"$1/nothing\"", "nothing"),
    ] {
      for dry in ["", "--dry-run"] {
        let outcome = try Program.run(
          script: "\"$LORA\" \(Self.train) \(more) \(dry) -o \"$1/a.st\"", folder.path)
        #expect(outcome.status == 1 && outcome.errors.contains(part), "\(outcome.errors)")
        #expect(!outcome.errors.contains("step 1"))
        #expect(try folder.names() == ["wrong.txt"])
      }
    }
  }

  /// Its configuration says that the model draws 128 × 128.
  @Test func aSampleHasTheModelsOwnSize() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      script: "\"$LORA\" sample --model paperdoll/model --steps 1 -q -o \"$1/a.png\"", folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let bytes = try folder.bytes("a.png")
    #expect(bytes[16..<24].elementsEqual([0, 0, 0, 128, 0, 0, 0, 128]))
    #expect(String(decoding: bytes, as: UTF8.self).contains("Size: 128x128"))
  }

  @Test(arguments: ["--width", "--height"])
  func otherSidesAreRefused(_ option: String) throws {
    let outcome = try Program.run(
      script: "\"$LORA\" sample --model paperdoll/model --steps 1 -q -o /dev/null \(option) 100")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains("takes a multiple of 8 from 8 to 16384, not 100; give 96 or 104"))
  }

  @Test(arguments: [
    ("runwayml/stable-diffusion-v1-5", "models are not downloaded by their names"),
    (#"C:\models\sd.safetensors"#, "in WSL it is /mnt/c/models/sd.safetensors"),
    ("model.ckpt", "Checkpoint Merger"),
  ])
  func modelsThatCannotBeOpenedSayWhatToDo(_ model: String, _ part: String) throws {
    let outcome = try Program.run(
      script: "\"$LORA\" sample --model \"$1\" --steps 1 -q -o /dev/null", model)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(part), "\(outcome.errors)")
  }
}
