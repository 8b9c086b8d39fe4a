import TestSupport
import Testing

@Suite struct HashCommandTests {
  @Test func oneKindIsPrintedAsSha256sumPrintsIt() throws {
    let outcome = try Program.run("hash", "--kind", "autov3", "adapters/algorithms.safetensors")
    #expect(outcome.status == 0)
    #expect(outcome.output.hasSuffix("  adapters/algorithms.safetensors\n"))
    #expect(outcome.output.prefix { $0 != " " }.count == 12)
  }

  @Test func allKindsAreNamed() throws {
    let outcome = try Program.run("hash", "adapters/algorithms.safetensors")
    try expect(outcome.output, matchesFixture: "inspect/hash.txt")
  }

  @Test func oneBadFileDoesNotHideTheOthers() throws {
    let outcome = try Program.run(
      "hash", "--kind", "sha256", "inspect/none.safetensors", "inspect/small.safetensors")
    #expect(outcome.status == 1)
    #expect(outcome.output.hasSuffix("  inspect/small.safetensors\n"))
    #expect(outcome.errors.hasPrefix("lora: inspect/none.safetensors: "))
  }
}
