import Foundation
import TestSupport
import Testing

/// A folder of files is a line a file; a model's or an adapter's folder is one thing.
@Suite struct FolderListingTests {
  private func copy(_ fixture: String, to path: String) throws {
    try FileManager.default.copyItem(atPath: Fixtures.path(fixture), toPath: path)
  }

  private func adapters() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try copy("pair/a.safetensors", to: folder["a.safetensors"])
    try copy("pair/b.safetensors", to: folder["b"])
    try copy("inspect/checkpoint.safetensors", to: folder["model.st"])
    try copy("images/rgb.png", to: folder["picture.png"])
    try copy("pair/a.safetensors", to: folder[".hidden.safetensors"])
    return folder
  }

  @Test func eachFileIsALineWhateverItsName() throws {
    let folder = try adapters()
    let outcome = try Program.run("inspect", folder.path)
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    try expect(outcome.output, matchesFixture: "inspect/folder.txt")
  }

  @Test func jsonIsAnArrayOfTheFiles() throws {
    let folder = try adapters()
    let outcome = try Program.run("inspect", "--json", folder.path)
    let reports = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
    #expect(
      reports.compactMap { $0["file"] as? String }
        == ["a.safetensors", "b", "model.st"].map { folder[$0] })
    #expect(reports.map { ($0["modules"] as? [Any])?.count } == [8, 8, 0])
  }

  @Test func detailsAreThoseOfTheFiles() throws {
    let folder = try adapters()
    let asFolder = try Program.run("inspect", "--modules", folder.path).output
    let asFiles = try Program.run(
      ["inspect", "--modules"] + ["a.safetensors", "b", "model.st"].map { folder[$0] }
    ).output
    #expect(asFolder == asFiles && !asFiles.isEmpty)
  }

  @Test func hashVerifyAndMetadataSeeTheSameFiles() throws {
    let folder = try adapters()
    let hashes = try Program.run("hash", "--kind", "autov2", folder.path).output
    #expect(hashes.split(separator: "\n").map { $0.suffix(2) } == ["rs", "/b", "st"])
    try copy("inspect/faulty.safetensors", to: folder["c"])
    let verified = try Program.run("verify", folder.path)
    #expect(verified.status == 1)
    #expect(verified.output.split(separator: "\n").allSatisfy { $0.hasPrefix(folder["c: "]) })
    let metadata = try Program.run("metadata", folder.path)
    #expect(metadata.errors.contains("is 4 safetensors files; name one of them"))
  }

  /// A file that claims to be one is not passed over.
  @Test func aBrokenFileIsNamed() throws {
    let folder = try adapters()
    try folder.write([1, 2, 3], to: "broken.safetensors")
    let outcome = try Program.run("inspect", folder.path)
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("lora: \(folder["broken.safetensors"]): "))
    #expect(outcome.output.split(separator: "\n").count == 4)
  }

  @Test func foldersThatAreOneThingStayOne() throws {
    let model = try Program.run("inspect", "paperdoll/model")
    #expect(model.output.hasPrefix("paperdoll/model\n  checkpoint, sd1"))
    let shards = try TemporaryFolder()
    for number in 1...2 {
      try copy("inspect/checkpoint.safetensors", to: shards["m-0000\(number)-of-00002.safetensors"])
    }
    #expect(try Program.run("inspect", shards.path).output.contains("\n  checkpoint, sd1"))
    let peft = try TemporaryFolder()
    let converted = try Program.run(
      "convert", "pair/a.safetensors", "--to", "peft", "--skip-unsupported", "-o", peft["p"])
    #expect(converted.status == 0, "\(converted.errors)")
    #expect(try Program.run("inspect", peft["p"]).output.contains("\n  peft, sd1"))
  }
}
