import Foundation
import TestSupport
import Testing

/// Filters of layers in resize, convert and inspect --conflicts.
@Suite struct FilteredResultsTests {
  private func json(_ arguments: [String]) throws -> [String: Any] {
    let outcome = try Program.run(arguments + ["--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  /// Without its text encoder the adapter can be PEFT's.
  @Test func textEncodersAreLeftOut() throws {
    let folder = try TemporaryFolder()
    let said = try json([
      "convert", "pair/a.safetensors", "--to", "peft", "--except", "TE", "-o", folder["a"],
    ])
    #expect(said["modules"] as? Int == 6)
    let leftOut = try #require(said["left_out"] as? [String: [String]])
    #expect(leftOut["filtered"]?.count == 2 && leftOut.count == 1, "\(leftOut)")
  }

  @Test(arguments: [
    (["--only", "cross-attention"], 2), (["--except", "TE", "--except", "cross-attention"], 4),
    (["--only-in", "pair/b.safetensors"], 8), (["--only", "IN01"], 6),
  ])
  func resizeTakesSomeLayers(options: [String], count: Int) throws {
    let folder = try TemporaryFolder()
    let command = ["resize", "pair/a.safetensors", "--rank", "2", "-o", folder["o.st"]] + options
    let said = try json(command)
    #expect(said["modules"] as? Int == count)
    let preview = try json(command + ["--dry-run"])
    #expect(preview["modules"] as? Int == count)
    #expect(
      (preview["left_out"] as? [String: [String]]) == (said["left_out"] as? [String: [String]]))
  }

  @Test func nothingLeftIsRefused() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      "resize", "pair/a.safetensors", "--rank", "2", "--except-in", "pair/b.safetensors", "-o",
      folder["o.st"])
    #expect(outcome.status == 1 && outcome.errors.contains("has no layer that passes"))
    #expect(try folder.names().isEmpty)
  }

  @Test func conflictsAreOfSomeLayers() throws {
    let files = ["pair/a.safetensors", "pair/b.safetensors", "--conflicts"]
    let all = try json(["inspect"] + files)
    let some = try json(["inspect"] + files + ["--only", "TE"])
    #expect((all["shared_layers"] as? [[Int]])?[0] == [8, 8])
    #expect((some["shared_layers"] as? [[Int]])?[0] == [2, 2])
    #expect(try Program.run("inspect", "pair/a.safetensors", "--only", "TE").status == 64)
  }
}
