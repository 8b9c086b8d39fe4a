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
}
