import Foundation
import TestSupport
import Testing

@Suite struct VerifyCommandTests {
  @Test func soundFilesAreSilent() throws {
    let outcome = try Program.run(
      "verify", "inspect/small.safetensors", "inspect/checkpoint.safetensors")
    #expect(outcome.status == 0)
    #expect(outcome.output.isEmpty && outcome.errors.isEmpty)
  }

  @Test func everyFaultIsALineAndAllFilesAreRead() throws {
    let outcome = try Program.run(
      "verify", "inspect/none.safetensors", "inspect/faulty.safetensors", "inspect/make.py",
      "inspect/small.safetensors")
    #expect(outcome.status == 1)
    try expect(outcome.output, matchesFixture: "inspect/verify.txt")
  }

  @Test func jsonIsByFile() throws {
    let outcome = try Program.run("verify", "--json", "inspect/faulty.safetensors")
    let faults = try JSONDecoder().decode([String: [String]].self, from: Data(outcome.output.utf8))
    #expect(faults["inspect/faulty.safetensors"]?.count == 6)
  }
}
