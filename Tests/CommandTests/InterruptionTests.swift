import Foundation
import TestSupport
import Testing

/// Ctrl-C, SIGTERM and SIGHUP in every phase of the commands that have something to save.
@Suite struct InterruptionTests {
  static let model = [
    "--model", Fixtures.path("train/tiny-model"), "--tokenizer",
    Fixtures.path("paperdoll/model/tokenizer"), "--threads", "1",
  ]

  /// The numbers of the signals, and how the program ends.
  static let signals: [(signal: Int32, status: Int32)] = [
    (SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129),
  ]

  private static let wish = "lora: stopping after this step; once more to stop now\n"

  private func train(_ more: [String]) -> [String] {
    ["train"] + Self.model
      + [
        "--image", Fixtures.path("paperdoll/small-head.png"), "--resolution", "16",
        "--network-dim", "2", "--seed", "1", "--max-train-steps", "5000", "--learning-rate",
        "0.001", "--log", "log", "-o", "a.st",
      ] + more
  }

  private func lines(_ folder: TemporaryFolder) -> [Substring] {
    String(decoding: (try? folder.bytes("log")) ?? [], as: UTF8.self).split(separator: "\n")
  }

  /// A whole result of a former run stays as it is.
  @Test(arguments: signals)
  func trainingSavesUnderTheNameOfItsStep(_ signal: Int32, _ status: Int32) throws {
    let folder = try TemporaryFolder()
    try folder.write("a whole result".utf8, to: "a.st")
    let run = try RunningProgram(train(["-q"]), in: folder.path)
    #expect(run.wait { lines(folder).count > 2 })
    run.send(signal)
    let outcome = run.outcome()
    #expect(outcome.status == status)
    let name = String(format: "a-step%08d", lines(folder).count)
    #expect(
      outcome.errors == Self.wish + "lora: stopped after step \(lines(folder).count) of 5000; "
        + "\(name).st is saved; \(name)-state holds what --resume needs to go on\n")
    #expect(try folder.names() == ["\(name)-state", "\(name).st", "a.st", "log"])
    #expect(try folder.bytes("a.st") == Array("a whole result".utf8))
  }

  /// A step of 400 batches takes seconds.
  @Test(arguments: signals)
  func secondSignalEndsWithinAStep(_ signal: Int32, _ status: Int32) throws {
    let folder = try TemporaryFolder()
    let run = try RunningProgram(
      train(["--gradient-accumulation-steps", "400", "--repeats", "5000"]), in: folder.path)
    #expect(run.wait { lines(folder).count == 1 })
    run.send(SIGTERM)
    #expect(run.wait { run.errors.contains(Self.wish) })
    if signal == SIGHUP { sleep(1) }
    run.send(signal)
    #expect(run.outcome().status == status)
    #expect(!run.errors.contains("stopped after"))
    #expect(try folder.names() == ["log"])
  }

  @Test func hangUpToldTwiceIsOne() throws {
    let folder = try TemporaryFolder()
    let run = try RunningProgram(
      train(["--gradient-accumulation-steps", "100", "--repeats", "5000"]), in: folder.path)
    #expect(run.wait { lines(folder).count == 1 })
    run.send(SIGHUP)
    #expect(run.wait { run.errors.contains(Self.wish) })
    run.send(SIGHUP)
    #expect(run.outcome().status == 129)
    #expect(run.errors.contains("stopped after step 2 of 50"))
  }

  @Test func ignoredSignalsStayIgnored() throws {
    let folder = try TemporaryFolder()
    let run = try RunningProgram(train([]), in: folder.path, ignoring: ["HUP", "INT"])
    for signal in [SIGHUP, SIGINT] {
      let count = lines(folder).count
      run.send(signal)
      #expect(run.wait { lines(folder).count > count + 2 })
    }
    #expect(!run.errors.contains("stopping"))
    run.send(SIGTERM)
    #expect(run.outcome().status == 143)
  }

  @Test func picturesWhileTrainingAreInterruptedToo() throws {
    let folder = try TemporaryFolder()
    try folder.write("--s 1000 --w 64 --h 64\n".utf8, to: "prompts.txt")
    let run = try RunningProgram(
      train(["--sample-every", "1", "--sample-prompts", "prompts.txt"]), in: folder.path)
    #expect(run.wait { lines(folder).count == 1 })
    run.send(SIGINT)
    #expect(run.outcome().status == 130)
    #expect(run.errors.contains("stopped after step 1 of 5000; a-step00000001.st is saved"))
    #expect(try folder.names().contains("a-step00000001.st"))
  }

  /// What the encoding would be lost of is nothing.
  @Test func encodingEndsAtOnce() throws {
    let folder = try TemporaryFolder()
    let picture = try Data(contentsOf: URL(filePath: Fixtures.path("paperdoll/big-head.png")))
    let names = (0..<200).map { "\($0).png" }
    for name in names { try folder.write(picture, to: name) }
    let run = try RunningProgram(
      train(["--resolution", "128"] + names.flatMap { ["--image", $0] }), in: folder.path)
    #expect(run.wait { run.errors.contains("5000 steps") })
    run.send(SIGINT)
    #expect(run.outcome().status == 130)
    #expect(!run.errors.contains("stopping") && lines(folder).isEmpty)
    #expect(try folder.names().filter { $0 != "log" } == names.sorted())
  }
}

/// The same for a slider, whose pictures a model of random weights draws itself: so its copies pass.
@Suite struct SliderInterruptionTests {
  private static let pictures = Result {
    let folder = try TemporaryFolder()
    for (name, seed) in [("low.png", "1"), ("high.png", "2")] {
      let size = ["--width", "64", "--height", "64"]
      let outcome = try Program.run(
        ["sample"] + InterruptionTests.model + size + ["--seed", seed, "-q", "-o", folder[name]])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    return folder
  }

  /// Where a slider is, by what can be seen from outside.
  enum Phase: CaseIterable {
    case firstSteps
    case firstCheck
    case secondSteps
    case secondCheck
    case strip
  }

  private func arguments(_ phase: Phase) throws -> [String] {
    let pictures = try Self.pictures.get()
    let first = phase == .firstSteps || phase == .secondSteps
    return ["slider"] + InterruptionTests.model + [
      "--before", pictures["low.png"], "--after", pictures["high.png"], "--resolution", "64",
      "--seed", "1", "--max-train-steps", first ? "30" : "3", "--learning-rate", "0.001",
      "--strip", "strip.png", "--strip-weights", "-1..1/3", "--strip-seeds", "1", "--log", "log",
      "--method", "difference", "--no-check", "-o", "s.st",
    ]
  }

  private func isIn(_ phase: Phase, _ folder: TemporaryFolder) -> Bool {
    let log = String(decoding: (try? folder.bytes("log")) ?? [], as: UTF8.self)
    let count = { (copy: String) in log.ranges(of: #""copy":"\#(copy)""#).count }
    switch phase {
    case .firstSteps: return count("before") > 0
    case .firstCheck: return (try? copies(folder).names == ["before.st"]) ?? false
    case .secondSteps: return count("after") > 0
    case .secondCheck: return count("after") == 3
    case .strip: return (try? folder.names().contains("s.st")) ?? false
    }
  }

  private func started(_ phase: Phase, _ folder: TemporaryFolder) throws -> RunningProgram {
    let run = try RunningProgram(arguments(phase), in: folder.path)
    #expect(run.wait { isIn(phase, folder) }, "\(run.errors)")
    usleep(100_000)  // well into it
    return run
  }

  /// The folder of the copies that an interrupted slider leaves, and what is in it.
  private func copies(_ folder: TemporaryFolder) throws -> (name: String, names: [String]) {
    guard let name = try folder.names().first(where: { $0.hasPrefix("s-copies-") }) else {
      return ("", [])
    }
    return (name, try FileManager.default.contentsOfDirectory(atPath: folder[name]).sorted())
  }

  @Test(arguments: zip(Phase.allCases, InterruptionTests.signals + InterruptionTests.signals))
  func oneSignalSavesAndNamesWhatIsThere(
    _ phase: Phase, _ signal: (signal: Int32, status: Int32)
  ) throws {
    let folder = try TemporaryFolder()
    let run = try started(phase, folder)
    run.send(signal.signal)
    let outcome = run.outcome()
    #expect(outcome.status == signal.status, "\(outcome.errors)")
    #expect(outcome.errors.contains("stopping after this step; once more to stop now"))
    let names = try folder.names()
    switch phase {
    case .firstSteps:
      let (name, files) = try copies(folder)
      let step = try #require(files.last { $0.hasSuffix(".st") })
      #expect(outcome.errors.contains("\(name)/\(step) is saved"))
      #expect(files.count == 2 && !names.contains("s.st"))
    case .firstCheck:
      let (name, files) = try copies(folder)
      #expect(files == ["before.st"])
      #expect(outcome.errors.contains("low.png is kept as \(name)/before.st"))
    case .secondSteps:
      let (name, files) = try copies(folder)
      #expect(files.count == 3 && files.last == "before.st")
      #expect(files[1].hasPrefix("after-step") && files[1].hasSuffix(".st"))
      #expect(outcome.errors.contains("low.png is kept as \(name)/before.st"))
      #expect(outcome.errors.contains("\(name)/\(files[1]) is saved"))
    case .secondCheck:
      #expect(names == ["log", "s.st"])
      #expect(outcome.errors.contains("s.st: 48 modules"))
    case .strip:
      let drawn = outcome.errors.contains("strip-partial.png has them")
      #expect(names == ["log", "s.st"] + (drawn ? ["strip-partial.png"] : []))
      #expect(drawn || outcome.errors.contains("strip.png is not written"))
    }
  }

  /// Between the two signals a busy machine may let a step, a check or a whole copy end: what is there is
  /// whole and named all the same.
  @Test(arguments: zip(Phase.allCases, InterruptionTests.signals + InterruptionTests.signals))
  func secondSignalLeavesOnlyWholeFiles(
    _ phase: Phase, _ signal: (signal: Int32, status: Int32)
  ) throws {
    let folder = try TemporaryFolder()
    let run = try started(phase, folder)
    // The first wish is held up by stopping the program, so that both are there at once.
    run.send(SIGSTOP)
    run.send(signal.signal == SIGINT ? SIGTERM : SIGINT)
    run.send(signal.signal)
    run.send(SIGCONT)
    let outcome = run.outcome()
    let statuses = [130, 143, 129].filter { outcome.status == $0 }
    #expect(statuses.count == 1, "\(outcome.status)")
    let names = try folder.names()
    let isWritten = names.contains("s.st")
    #expect(isWritten || phase != .strip)
    let (name, files) = try copies(folder)
    #expect(isWritten != files.contains("before.st") || phase == .firstSteps)
    for file in files where file.hasSuffix(".st") {
      #expect(outcome.errors.contains("\(name)/\(file)"))
    }
    #expect(!names.contains { $0.hasSuffix(".tmp") || $0.hasPrefix(".") })
  }

  /// What the program says to go on with does go on, and makes the slider.
  @Test func whatIsSaidToGoOnWithIsTrue() throws {
    let whole = try TemporaryFolder()
    let options = try arguments(.secondSteps)
    let untouched = try Program.run(
      script: "cd \"$1\"; shift; exec \"$LORA\" \"$@\"", [whole.path] + options)
    #expect(untouched.status == 0, "\(untouched.errors)")

    let folder = try TemporaryFolder()
    let run = try started(.secondSteps, folder)
    run.send(SIGINT)
    #expect(run.outcome().status == 130)
    let line = try #require(
      run.errors.split(separator: "\n").first { $0.hasPrefix("lora: to go on") })
    let commands = line.split(separator: ": ").dropFirst(2).joined(separator: ": ")
      .split(separator: "; then ").map {
        $0.replacing("lora ", with: "\"$LORA\" ", maxReplacements: 1)
      }
    let others =
      InterruptionTests.model + [
        "--resolution", "64", "--seed", "1", "--max-train-steps", "30", "--learning-rate", "0.001",
      ]
    let script = "cd \"$1\"; shift; \(commands[0]) -q \"$@\" && \(commands[1])"
    let outcome = try Program.run(script: script, [folder.path] + others)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let same = try Program.run(["diff", whole["s.st"], folder["s.st"]])
    #expect(same.status == 0, "\(same.output)\(same.errors)")
  }
}
