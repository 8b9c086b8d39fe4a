import TestSupport
import Testing

/// A command line that cannot be followed: what is said first, and whose usage.
@Suite struct WrongUsageTests {
  static let sentences: [([String], String)] = [
    (
      ["merge", "a", "--metod", "svd", "--rank", "8"],
      "'--metod' is no option of lora merge; did you mean --method?"
    ),
    (["merge", "a", "--rank", "8", "--metod=svd"], "did you mean --method?"),
    (["resize", "a", "--sv-frob", "0.9"], "did you mean --sv-fro?"),
    (["diff", "a", "--quite"], "'--quite' is no option of lora diff; did you mean --quiet?"),
    (["merge", "a", "--models", "b"], "here it is FILE:WEIGHT for each file"),
    (["merge", "a", "--new_rank", "8"], "here it is --rank"),
    (["inspect", "--zzzzzzzzz", "a"], "'--zzzzzzzzz' is no option of lora inspect"),
    (["inspect", "-x", "a"], "'-x' is no option of lora inspect"),
    (["train", "--learning-rat", "1", "--max-train-step", "x"], "did you mean --learning-rate?"),
    (["slide", "--model", "x"], "'slide' is no command; did you mean 'slider'?"),
    (["traim"], "did you mean 'train'?"),
    (["xyz"], "'xyz' is no command; they are inspect, diff, merge"),
    (["--model", "x"], "'--model' is no option of lora itself"),
    (["merge", "b", "1.0", "a", "-1.0"], "behind its file, as in a:-1.0"),
    (["merge", "b", "1.0", "a"], "behind its file, as in b:1.0"),
    (["convert", "a"], "--to kohya, diffusers, "),
    (["convert", "a", "--to", "webui"], "--to takes kohya, diffusers, "),
    (["train", "--network-module", "lycoris.kohya"], "--network-module takes networks.lora alone"),
    (["verify", "--threads", "-1", "a"], "--threads takes a whole number from 1 to 1024, not -1"),
    (["sample", "--strip"], "'--strip' is no option of lora sample"),
    (["sample", "-o", "x.jpg"], "give x.jpg a name in .png"),
    (
      ["sample", "-o", "x.png", "--seed", "9-8"],
      "--seed takes seeds from 0 to 4294967295, such as 1,2,3 or 8-10, not '9-8'"
    ),
  ]

  @Test(arguments: sentences) func isSaidFirst(arguments: [String], sentence: String) throws {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 64)
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.first?.hasPrefix("lora: ") == true)
    #expect(lines.first?.contains(sentence) == true, "\(outcome.errors)")
  }

  /// Whether it is found while options are read, checked, or followed.
  @Test(arguments: [
    ["diff", "a"], ["diff", "a", "b", "--rank", "4"], ["convert", "a"], ["merge"],
    ["diff", "inspect/checkpoint.safetensors", "inspect/checkpoint.safetensors"],
    ["train", "--output-config"], ["inspect"],
  ])
  func usageNamesTheCommand(arguments: [String]) throws {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 64, "\(outcome)")
    #expect(outcome.errors.contains("\nUsage: lora \(arguments[0]) "), "\(outcome.errors)")
    #expect(outcome.errors.contains("'lora \(arguments[0]) --help'"))
  }

  @Test func requiredOptionsStandInTheUsage() throws {
    let outcome = try Program.run("slider")
    for word in ["--model", "--before", "--after", "-o"] {
      #expect(outcome.errors.contains("\(word) "), "\(word)")
    }
  }

  /// ArgumentParser takes what begins with a hyphen for an option.
  @Test func negativeNumbersAreValues() throws {
    let folder = try TemporaryFolder()
    let joined = try Program.run(
      "merge", "pair/a.safetensors", "--te-weight", "-0.5", "--unet-weight", "-1", "-o",
      folder["apart.st"])
    #expect(joined.status == 0, "\(joined.errors)")
    let apart = try Program.run(
      "merge", "pair/a.safetensors", "--te-weight=-0.5", "--unet-weight=-1", "-o",
      folder["joined.st"])
    #expect(apart.status == 0)
    #expect(try folder.bytes("apart.st") == folder.bytes("joined.st"))
    let sample = try Program.run(
      "sample", "-o", folder["x.png"], "--scale", "-3", "--model", "none")
    #expect(sample.errors == "lora: --scale takes a number from 0 to 1000, not -3\n")
  }

  @Test func helpIsAskedForAsBefore() throws {
    for arguments in [["--help"], ["merge", "--help"], ["help", "merge"], [], ["--version"]] {
      let outcome = try Program.run(arguments)
      #expect(outcome.status == 0 && outcome.errors.isEmpty && !outcome.output.isEmpty)
    }
  }

  @Test(
    arguments: [
      (["pair/a.safetensors", "pair/a.safetensors"], 0),
      (["pair/b.safetensors", "pair/a.safetensors"], 1),
      (["pair/b.safetensors", "pair/none"], 2), (["pair/make.py", "pair/a.safetensors"], 2),
      (["inspect/checkpoint.safetensors", "pair/a.safetensors"], 2),
      (["pair/b.safetensors", "pair/none", "-o", "/dev/null"], 1), (["pair/b.safetensors"], 64),
    ] as [([String], Int32)])
  func diffAnswersAsDiffDoes(arguments: [String], status: Int32) throws {
    #expect(try Program.run(["diff"] + arguments).status == status)
  }
}
