import Foundation
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

  @Test func aFolderIsItsFiles() throws {
    let folder = try TemporaryFolder()
    let file = folder["pytorch_lora_weights.safetensors"]
    try FileManager.default.copyItem(
      atPath: Fixtures.path("inspect/small.safetensors"), toPath: file)
    let ofFolder = try Program.run("hash", folder.path)
    let ofFile = try Program.run("hash", file)
    #expect(ofFolder.output == ofFile.output && ofFolder.status == 0, "\(ofFolder.errors)")
    let metadata = try Program.run("metadata", folder.path, "--json")
    #expect(metadata.output == (try Program.run("metadata", file, "--json").output))
  }
}
