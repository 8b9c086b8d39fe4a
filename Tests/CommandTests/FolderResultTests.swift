import Foundation
import TestSupport
import Testing

/// Results that are folders: whole or absent, and of nothing that is not the model's.
@Suite struct FolderResultTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private static let convert = [
    "convert", "pair/a.safetensors", "--to", "peft", "--skip-unsupported", "-q",
  ]

  /// A copy of the small model.
  private func makeModel(_ name: String = "m") throws {
    try FileManager.default.copyItem(
      atPath: Fixtures.path("paperdoll/model"), toPath: folder[name])
  }

  private func bake(into model: String, _ arguments: String...) throws -> Program.Outcome {
    if try !folder.names().contains("adapter") {
      let outcome = try Program.run(
        "train", "--model", Fixtures.path("paperdoll/model"), "--image", "paperdoll/small-head.png",
        "--resolution", "64", "--max-train-steps", "1", "--seed", "1", "-q", "--device", "cpu",
        "--learning-rate", "0.1",
        "--network-train-unet-only", "-o", folder["adapter"])
      try #require(outcome.status == 0, "\(outcome.errors)")
    }
    return try Program.run(["merge", folder["adapter"], "--into", model, "-q"] + arguments)
  }

  private func all(_ name: String) -> [String] {
    FileManager.default.enumerator(atPath: folder[name])?.compactMap { $0 as? String }.sorted()
      ?? []
  }

  @Test(arguments: ["r", "deep/r"]) func aDiskThatIsFullLeavesNoFolder(name: String) throws {
    let outcome = try Program.run(
      script: "ulimit -f 8; \"$LORA\" \"$@\"", Self.convert + ["-o", folder[name]])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("\(folder[name])/adapter_model.safetensors: cannot write"))
    #expect(try folder.names().isEmpty)
  }

  @Test func aDiskThatIsFullLeavesTheOldFolder() throws {
    #expect(try Program.run(Self.convert + ["-o", folder["r"]]).status == 0)
    try folder.write(Array("mine".utf8), to: "r/notes.txt")
    let before = try folder.bytes("r/adapter_model.safetensors")
    let outcome = try Program.run(
      script: "ulimit -f 8; \"$LORA\" \"$@\"",
      Self.convert + ["--dtype", "f32", "-o", folder["r"]])
    #expect(outcome.status == 1)
    #expect(all("r") == ["adapter_config.json", "adapter_model.safetensors", "notes.txt"])
    #expect(try folder.bytes("r/adapter_model.safetensors") == before)
    #expect(
      try Program.run(Self.convert + ["--dtype", "f32", "-o", folder["r"]]).status == 0)
    #expect(all("r") == ["adapter_config.json", "adapter_model.safetensors", "notes.txt"])
    #expect(try folder.bytes("r/adapter_model.safetensors").count > before.count)
    #expect(try folder.bytes("r/notes.txt") == Array("mine".utf8))
    #expect(try folder.names() == ["r"])
  }

  @Test func aModelIsCopiedWhole() throws {
    try makeModel()
    let outcome = try bake(into: folder["m"], "-o", folder["new/m"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(all("new/m") == all("m"))
    #expect(try folder.bytes("new/m/unet/config.json") == folder.bytes("m/unet/config.json"))
    let weights = "unet/diffusion_pytorch_model.safetensors"
    #expect(try folder.bytes("new/m/" + weights) != folder.bytes("m/" + weights))
  }

  @Test func aModelThatDoesNotFitIsNotThere() throws {
    try makeModel()
    _ = try bake(into: folder["m"], "-o", folder["warm"])
    let outcome = try Program.run(
      script: "ulimit -f 8; \"$LORA\" \"$@\"",
      ["merge", folder["adapter"], "--into", folder["m"], "-o", folder["new"]])
    #expect(outcome.status == 1)
    #expect(try folder.names() == ["adapter", "m", "warm"])
  }

  /// In its own place all weights change together.
  @Test func aModelIsBakedInItsPlace() throws {
    try makeModel()
    _ = try bake(into: folder["m"], "-o", folder["new"])
    let outcome = try bake(into: folder["m"], "-o", folder["m"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let weights = "unet/diffusion_pytorch_model.safetensors"
    #expect(try folder.bytes("new/" + weights) == folder.bytes("m/" + weights))
    #expect(all("new") == all("m"))
  }

  @Test(arguments: ["m/out", "m/unet/x/out", "link/out", "m/../m/./out", "m/vae"])
  func aModelIsNotCopiedIntoItself(place: String) throws {
    try makeModel()
    try FileManager.default.createSymbolicLink(
      atPath: folder["link"], withDestinationPath: "m/unet")
    let before = all("m")
    let outcome = try bake(into: folder["m"], "-o", folder[place])
    #expect(outcome.status == 1)
    #expect(
      outcome.errors
        == "lora: \(folder[place]): lies inside of \(folder["m"]), which would be copied into itself; choose another folder\n"
    )
    #expect(all("m") == before)
  }

  @Test(arguments: ["passwd", "unet/config.json", "private", "vae/deep"])
  func linksThatLeadOutAreNotFollowed(name: String) throws {
    try makeModel()
    try FileManager.default.createDirectory(
      atPath: folder["out/of/sight"], withIntermediateDirectories: true)
    try folder.write(Array("secret".utf8), to: "out/of/sight/key")
    let isFolder = name == "private" || name == "vae/deep"
    let end = isFolder ? folder["out/of"] : folder["out/of/sight/key"]
    try? FileManager.default.removeItem(atPath: folder["m/\(name)"])
    try FileManager.default.createSymbolicLink(
      atPath: folder["m/\(name)"], withDestinationPath: end)
    let outcome = try bake(into: folder["m"], "-o", folder["new"])
    #expect(outcome.status == 1)
    #expect(
      outcome.errors
        == "lora: \(folder["m"])/\(name): is a link to \(end), outside of the model's folder; --follow-links copies what it leads to\n"
    )
    #expect(try folder.names() == ["adapter", "m", "out"])
    let followed = try bake(into: folder["m"], "--follow-links", "-o", folder["new"])
    #expect(followed.status == 0, "\(followed.errors)")
    #expect(
      try folder.bytes("new/\(name)" + (isFolder ? "/sight/key" : "")) == Array("secret".utf8))
  }

  @Test func linksWithinAreCopied() throws {
    try makeModel()
    try FileManager.default.createSymbolicLink(
      atPath: folder["m/copy.json"], withDestinationPath: "unet/config.json")
    try FileManager.default.createSymbolicLink(
      atPath: folder["m/tokenizer_2"], withDestinationPath: "tokenizer")
    try FileManager.default.createSymbolicLink(
      atPath: folder["m/gone"], withDestinationPath: "nowhere")
    let outcome = try bake(into: folder["m"], "-o", folder["new"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try folder.bytes("new/copy.json") == folder.bytes("m/unet/config.json"))
    #expect(
      try folder.bytes("new/tokenizer_2/vocab.json") == folder.bytes("m/tokenizer/vocab.json"))
  }

  @Test func linksRoundAndRoundAreRefused() throws {
    try makeModel()
    try FileManager.default.createSymbolicLink(
      atPath: folder["m/round"], withDestinationPath: folder["m"])
    for flags in [[], ["--follow-links"]] {
      let outcome = try Program.run(
        ["merge", folder["adapter"], "--into", folder["m"], "-o", folder["new"]] + flags)
      #expect(outcome.status == 1)
    }
    let outcome = try bake(into: folder["m"], "-o", folder["new"])
    #expect(outcome.errors.contains("m/round: is a link to a folder that holds it"), "\(outcome)")
    #expect(try folder.names() == ["adapter", "m"])
  }

  /// The cache of Hugging Face: every file a link out of its folder, into the model's own.
  @Test func aCachedModelIsCopied() throws {
    try makeModel("plain")
    let snapshot = "hub/models--a--b/snapshots/0123"
    try FileManager.default.createDirectory(
      atPath: folder["hub/models--a--b/blobs"], withIntermediateDirectories: true)
    for (index, file) in all("plain").enumerated() {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder["plain/" + file])
      if attributes[.type] as? FileAttributeType == .typeDirectory { continue }
      let blob = "hub/models--a--b/blobs/\(index)"
      try FileManager.default.copyItem(atPath: folder["plain/" + file], toPath: folder[blob])
      let link = URL(filePath: folder["\(snapshot)/\(file)"])
      try FileManager.default.createDirectory(
        at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
      let up = String(repeating: "../", count: file.split(separator: "/").count - 1)
      try FileManager.default.createSymbolicLink(
        atPath: link.path, withDestinationPath: "\(up)../../blobs/\(index)")
    }
    let outcome = try bake(into: folder[snapshot], "-o", folder["new"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(all("new") == all("plain"))
    #expect(try folder.bytes("new/unet/config.json") == folder.bytes("plain/unet/config.json"))

    // A blob that is itself a link leads out of the model's folder all the same.
    try FileManager.default.createSymbolicLink(
      atPath: folder["hub/models--a--b/blobs/secret"], withDestinationPath: "/etc/passwd")
    try FileManager.default.createSymbolicLink(
      atPath: folder["\(snapshot)/secret.json"], withDestinationPath: "../../blobs/secret")
    let refused = try bake(into: folder[snapshot], "-o", folder["newer"])
    #expect(refused.status == 1)
    #expect(refused.errors.contains("secret.json: is a link to ../../blobs/secret, outside of"))
  }

  @Test func theFlagIsOfBaking() throws {
    let outcome = try Program.run(
      "merge", "pair/a.safetensors", "--follow-links", "-o", "/dev/null")
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("--follow-links goes with --into."))
  }
}
