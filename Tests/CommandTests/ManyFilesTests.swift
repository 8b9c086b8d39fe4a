import Foundation
import TestSupport
import Testing

/// Several files in one call of resize and convert.
@Suite struct ManyFilesTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(
        atPath: folder["\(name)-s"], withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: Fixtures.path("pair/\(name).safetensors"), toPath: folder["\(name)-s/\(name).st"])
    }
  }

  private func names(_ path: String) throws -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder[path]).sorted()) ?? []
  }

  private func entries(_ text: String) throws -> [[String: Any]] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
  }

  @Test func resultsKeepTheirNames() throws {
    let files = [folder["a-s/a.st"], folder["b-s/b.st"]]
    let outcome = try Program.run(["resize"] + files + ["--rank", "2", "-o", folder["out"]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try names("out") == ["a.st", "b.st"])
    #expect(outcome.errors.contains("out/a.st: 8 modules, rank 4 → 2"))
    let alone = try Program.run(
      "resize", files[0], "--rank", "2", "-o", folder["alone.st"])
    #expect(alone.status == 0)
    #expect(try folder.bytes("alone.st") == folder.bytes("out/a.st"))
  }

  @Test func folderIsAnInput() throws {
    let outcome = try Program.run("resize", "pair", "--rank", "1", "--json", "-o", folder["out/"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let reports = try entries(outcome.output)
    #expect(
      reports.map { $0["file"] as? String } == ["pair/a.safetensors", "pair/b.safetensors"])
    #expect(
      reports.map { $0["path"] as? String } == ["a", "b"].map { folder["out/\($0).safetensors"] })
    #expect(reports.allSatisfy { ($0["relative_error"] as? Double ?? 0) > 0.1 })
  }

  /// PEFT's results are folders, and become files again.
  @Test func endingsFollowTheNaming() throws {
    let files = [folder["a-s/a.st"], folder["b-s/b.st"]]
    let there = try Program.run(
      ["convert"] + files + ["--to", "peft", "--skip-unsupported", "-o", folder["peft"]])
    #expect(there.status == 0, "\(there.errors)")
    #expect(try names("peft") == ["a", "b"])
    #expect(try names("peft/a") == ["adapter_config.json", "adapter_model.safetensors"])
    let again = try Program.run(
      ["convert"] + files + ["--to", "peft", "--skip-unsupported", "-o", folder["peft"]])
    #expect(again.status == 0, "\(again.errors)")
    let alone = try Program.run("resize", folder["peft/a"], "--rank", "1", "-o", folder["one/"])
    #expect(alone.status == 0, "\(alone.errors)")
    #expect(try names("one") == ["adapter_config.json", "adapter_model.safetensors"])
    let back = try Program.run(
      "convert", folder["peft/a"], folder["peft/b"] + "/", "--to", "kohya", "-o", folder["back"])
    #expect(back.status == 0, "\(back.errors)")
    #expect(try names("back") == ["a.safetensors", "b.safetensors"])
    let kept = try Program.run(
      "resize", folder["peft/a"], folder["peft/b"], "--rank", "1", "-o", folder["small"])
    #expect(kept.status == 0, "\(kept.errors)")
    #expect(try names("small") == ["a", "b"])
  }

  @Test func clashIsRefusedBeforeAnythingIsWritten() throws {
    try FileManager.default.copyItem(atPath: folder["a-s/a.st"], toPath: folder["b-s/a.st"])
    let outcome = try Program.run(
      "resize", folder["b-s"], folder["a-s/a.st"], "--rank", "1", "-o", folder["out"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("would be the result of both"), "\(outcome.errors)")
    #expect(try names("out").isEmpty)
    let pattern = try Program.run(
      "resize", folder["b-s"], "--rank", "1", "-o", folder["out/x.st{recipe}"])
    #expect(pattern.status == 1 && pattern.errors.contains("would be the result of both"))
    let recipes = try Program.run(
      "resize", folder["a-s/a.st"], "--recipe", "spn_lora,thr=-1:spn_lora=2,thr=-1", "-o",
      folder["out"])
    #expect(recipes.status == 1 && recipes.errors.contains("two recipes give"))
    #expect(try names("out").isEmpty)
  }

  @Test func resultInThePlaceOfAnotherInputIsRefused() throws {
    let outcome = try Program.run(
      "resize", folder["a-s/a.st"], folder["b-s/b.st"], "--rank", "1", "-o", folder["b-s"])
    #expect(outcome.status == 0, "each in its own place, or a new one: \(outcome.errors)")
    let other = folder["b-s/b_spnlora1_th-1.st"]
    try FileManager.default.copyItem(atPath: folder["a-s/a.st"], toPath: other)
    let taken = try Program.run(
      "resize", folder["b-s/b.st"], other, "--recipe", "spn_lora,thr=-1:spn_lora,thr=-0.5", "-o",
      folder["b-s"])
    #expect(taken.status == 1 && taken.errors.contains("is the input"), "\(taken.errors)")
  }

  @Test func oneFailureDoesNotStopTheOthers() throws {
    try folder.write([1, 2, 3], to: "bad.st")
    let files = [folder["bad.st"], folder["a-s/a.st"], "peft/whole-modules"]
    let outcome = try Program.run(
      ["resize"] + files + ["--rank", "2", "--json", "-o", folder["out"]])
    #expect(outcome.status == 1)
    #expect(try names("out") == ["a.st"])
    let reports = try entries(outcome.output)
    #expect(reports.map { $0["error"] != nil } == [true, false, true])
    #expect(outcome.errors.contains("is stored whole") && outcome.errors.contains("bad.st"))
  }

  @Test func dryRunWritesNothing() throws {
    let resize = ["resize", folder["a-s/a.st"], folder["b-s/b.st"], "--sv-fro", "0.8"]
    let outcome = try Program.run(resize + ["--dry-run", "--json", "-o", folder["out"]])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try names("out").isEmpty)
    let said = try entries(outcome.output)
    let done = try entries(try Program.run(resize + ["--json", "-o", folder["out"]]).output)
    for (before, after) in zip(said, done) {
      #expect(before["rank"] as? [String: Int] == after["rank"] as? [String: Int])
      #expect(before["path"] as? String == after["path"] as? String)
      let bytes = [before, after].map { ($0["output"] as? [String: Any])?["bytes"] as? Int }
      #expect(bytes[0] == bytes[1])
    }
    let convert = try Program.run(
      "convert", folder["a-s/a.st"], "--to", "comfy", "--dry-run", "-o", folder["x.st"])
    #expect(convert.status == 0 && convert.errors.contains("nothing is written"))
    let refused = try Program.run(
      "convert", folder["a-s/a.st"], "--to", "peft", "--dry-run", "-o", folder["x.st"])
    #expect(refused.status == 1 && refused.errors.contains("peft naming cannot hold"))
    #expect(try names("x.st").isEmpty)
  }

  static let misuses: [(options: [String], says: String)] = [
    (["resize", "pair", "--rank", "1"], "Several results need a folder"),
    (["resize", "pair", "-", "--rank", "1", "-o", "x/"], "Standard input has no name"),
    (["resize", "--rank", "1"], "Missing expected argument"),
    (["convert", "--to", "kohya"], "Missing expected argument"),
    (
      [
        "resize", "pair/a.safetensors", "pair/b.safetensors", "--rank", "1", "--html", "h", "-o",
        "x",
      ],
      "--html reports one result"
    ),
  ]

  @Test(arguments: misuses) func misuseIsNamed(options: [String], says: String) throws {
    let outcome = try Program.run(options)
    #expect(outcome.status == 64 && outcome.errors.contains(says), "\(outcome.errors)")
  }
}
