import Files
import Foundation
import TestSupport
import Testing

@Suite struct PlannedOutputsTests {
  private func outputs(_ paths: String..., folders: [String] = []) -> PlannedOutputs {
    var outputs = PlannedOutputs()
    for path in paths { outputs.addFile(path) }
    for path in folders { outputs.addFolder(path) }
    return outputs
  }

  @Test func missingFoldersAreMadeAndNothingElse() throws {
    let folder = try TemporaryFolder()
    let planned = outputs(
      folder["a.st"], folder["b/c/d.png"], "-", folders: [folder["e/f"]])
    try planned.check()
    #expect(try folder.names() == [])
    try planned.prepare()
    #expect(try folder.names() == ["b", "e"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder["b/c"]) == [])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder["e/f"]) == [])
  }

  @Test func whatStandsInTheWayIsAnError() throws {
    let folder = try TemporaryFolder()
    try folder.write("text".utf8, to: "file")
    for (planned, path) in [
      (outputs(folder["file/a.st"]), "file/a.st"), (outputs(folder["file/b/a.st"]), "file/b/a.st"),
      (outputs(folder["ok.st"], folder.path), ""), (outputs(folders: [folder["file"]]), "file"),
      (outputs("/proc/nothing/a.st"), nil),
    ] {
      let error = #expect(throws: FileError.self) { try planned.check() }
      if let path { #expect(error?.path == (path.isEmpty ? folder.path : folder[path])) }
      #expect(throws: FileError.self) { try planned.prepare() }
    }
    #expect(try folder.names() == ["file"])
  }

  @Test func outputsOfOneDiskShareItsRoom() throws {
    let folder = try TemporaryFolder()
    var planned = PlannedOutputs()
    planned.addFile(folder["a.st"], byteCount: 600_000_000)
    planned.addFile(folder["new/b.st"], byteCount: 500_000_000)
    try planned.check { _ in 1_100_000_000 }
    try planned.check { _ in nil }
    let error = #expect(throws: FileError.self) { try planned.check { _ in 1_099_999_999 } }
    #expect(
      error?.description
        == "\(folder["new/b.st"]): would need 1100 MB on a disk with 1100 MB left; make room, or "
        + "choose another folder")
    #expect(freeBytes(inFolder: folder.path) ?? 0 > 0)
    planned.addFile(folder["c.st"], byteCount: .max / 4)
    #expect(throws: FileError.self) { try planned.check() }
  }

  @Test(arguments: [
    (#"C:\hoge\a.png"#, "/mnt/c/hoge/a.png"), ("d:/x/b.safetensors", "/mnt/d/x/b.safetensors"),
  ])
  func pathsOfWindowsAreTranslated(_ path: String, _ there: String) {
    let error = #expect(throws: FileError.self) { try MappedFile(path: path) }
    #expect(
      error?.description
        == "\(path): cannot open: no such file or directory; a path of Windows: in WSL it is "
        + there)
    #expect(throws: FileError.self) { try MappedFile(path: "c") }
  }
}
