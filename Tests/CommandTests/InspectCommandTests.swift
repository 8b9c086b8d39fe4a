import Foundation
import TestSupport
import Testing

@Suite struct InspectCommandTests {
  @Test(arguments: [
    ("blocks", ["inspect/small.safetensors"]),
    ("modules", ["inspect/small.safetensors", "--modules"]),
    ("spectrum", ["inspect/small.safetensors", "--spectrum"]),
    ("metadata", ["inspect/small.safetensors", "--metadata"]),
    ("checkpoint", ["inspect/checkpoint.safetensors", "--metadata"]),
    ("hostile", ["inspect/hostile.safetensors", "--modules", "--metadata"]),
    ("algorithms", ["adapters/algorithms.safetensors", "--modules"]),
    ("unknown", ["adapters/expected.safetensors"]),
  ])
  func textIsAsReviewed(name: String, arguments: [String]) throws {
    let outcome = try Program.run(["inspect"] + arguments)
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    try expect(outcome.output, matchesFixture: "inspect/\(name).txt")
  }

  @Test func checkNamesEveryFault() throws {
    let outcome = try Program.run("inspect", "--check", "inspect/faulty.safetensors")
    #expect(outcome.status == 1)
    try expect(outcome.errors, matchesFixture: "inspect/faults.txt")
    #expect(try Program.run("inspect", "--check", "inspect/small.safetensors").status == 0)
  }

  @Test func jsonHasTheContractsFields() throws {
    let outcome = try Program.run("inspect", "--json", "inspect/small.safetensors")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(report["format"] as? String == "kohya")
    #expect(report["base_model"] as? String == "sd1")
    #expect((report["dtypes"] as? [String: Int]) == ["F32": 18])
    let modules = try #require(report["modules"] as? [[String: Any]])
    #expect(modules.count == 6)
    for field in [
      "name", "target", "algorithm", "kind", "out", "in", "rank", "alpha", "scale",
      "dtype", "norm", "spectral_norm", "effective_rank",
    ] {
      #expect(modules.allSatisfy { $0[field] != nil }, "\(field)")
    }
    #expect(modules.first { $0["kind"] as? String == "conv" }?["kernel"] != nil)
  }

  @Test func severalFilesAreAnArrayAndOneBadDoesNotHideTheOthers() throws {
    let outcome = try Program.run(
      "inspect", "--json", "inspect/small.safetensors", "inspect/none.safetensors",
      "inspect/checkpoint.safetensors")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("none.safetensors"))
    let reports = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [Any]
    #expect(reports?.count == 2)
  }

  @Test func resultDoesNotDependOnThreads() throws {
    let outputs = try ["1", "3"].map {
      try Program.run("inspect", "--json", "--threads", $0, "inspect/small.safetensors").output
    }
    #expect(outputs[0] == outputs[1])
  }
}
