import Foundation
import TestSupport
import Testing

@testable import Files

@Suite struct OutputFolderTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private static func write(_ text: String, to name: String, of output: OutputFolder) throws {
    let file = try output.file(name)
    let bytes = Array(text.utf8)
    try unsafe file.write(bytes.span.bytes, at: 0)
    try file.commit()
  }

  /// All files below the folder with what they hold; folders end in a slash.
  private func contents(_ name: String) throws -> [String: String] {
    var found: [String: String] = [:]
    let all = FileManager.default.enumerator(atPath: folder[name])
    for case let file as String in try #require(all) {
      let path = folder["\(name)/\(file)"]
      found[file] =
        FileKind(path: path) == .folder
        ? "/" : String(decoding: try folder.bytes("\(name)/\(file)"), as: UTF8.self)
    }
    return found
  }

  @Test(arguments: ["new", "deep/er/new", "new///"]) func appearsWhole(name: String) throws {
    try folder.write(Array("copied".utf8), to: "source")
    let output = try OutputFolder(path: folder[name])
    try Self.write("a", to: "a", of: output)
    try Self.write("b", to: "x/y/b", of: output)
    try output.copy(folder["source"], as: "x/c")
    try output.link("l", to: "x/c")
    output.makeFolder("empty")
    #expect(FileKind(path: folder[name]) == .missing)
    try output.publish()
    #expect(
      try contents(name) == [
        "a": "a", "x": "/", "x/y": "/", "x/y/b": "b", "x/c": "copied", "l": "copied",
        "empty": "/",
      ])
    #expect(try folder.names().count == 2)
  }

  @Test func whatIsNotPublishedLeavesNothing() throws {
    do {
      let output = try OutputFolder(path: folder["deep/er/new"])
      try Self.write("a", to: "a", of: output)
    }
    #expect(try folder.names().isEmpty)
    // A folder above it that somebody uses by now stays.
    do {
      let output = try OutputFolder(path: folder["deep/new"])
      try folder.write([1], to: "deep/theirs")
      _ = output
    }
    #expect(try contents("deep") == ["theirs": "\u{1}"])
  }

  @Test func anExistingFolderIsExchanged() throws {
    try makeFolder(folder["old"])
    for name in ["a", "b", "mine"] { try folder.write(Array("old".utf8), to: "old/" + name) }
    try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: folder["old"])
    try FileManager.default.setAttributes([.posixPermissions: 0o604], ofItemAtPath: folder["old/a"])
    let output = try OutputFolder(path: folder["old"])
    try Self.write("new", to: "a", of: output)
    try Self.write("new", to: "b", of: output)
    #expect(try contents("old") == ["a": "old", "b": "old", "mine": "old"])
    try output.publish()
    #expect(try contents("old") == ["a": "new", "b": "new", "mine": "old"])
    #expect(try folder.names() == ["old"])
    func permissions(_ name: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: folder[name])[.posixPermissions] as? Int
    }
    #expect(try permissions("old") == 0o750)
    #expect(try permissions("old/a") == 0o604)
  }

  /// Folders, links: what is in them is reached by others, and stays where it is.
  @Test func anExistingFolderOfMoreThanFilesStays() throws {
    try makeFolder(folder["old/sub"])
    try makeFolder(folder["elsewhere"])
    try folder.write(Array("old".utf8), to: "old/sub/a")
    try folder.write(Array("old".utf8), to: "elsewhere/target")
    try FileManager.default.createSymbolicLink(
      atPath: folder["old/link"], withDestinationPath: "../elsewhere/target")
    let before = try FileManager.default.attributesOfItem(atPath: folder["old"])
    let output = try OutputFolder(path: folder["old"])
    try Self.write("new", to: "sub/a", of: output)
    try Self.write("new", to: "link", of: output)
    try Self.write("new", to: "fresh/b", of: output)
    #expect(try contents("old") == ["sub": "/", "sub/a": "old", "link": "old"])
    try output.publish()
    let after = try FileManager.default.attributesOfItem(atPath: folder["old"])
    #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
    #expect(
      try contents("old") == [
        "sub": "/", "sub/a": "new", "link": "new", "fresh": "/", "fresh/b": "new",
      ])
    #expect(try contents("elsewhere") == ["target": "new"])
  }

  @Test func linksToFoldersAreWrittenThrough() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder["link"], withDestinationPath: "there")
    for text in ["first", "second"] {
      let output = try OutputFolder(path: folder["link"])
      try Self.write(text, to: "a", of: output)
      try output.publish()
      #expect(try contents("there") == ["a": text])
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder["link"]) == "there")
    }
  }

  @Test func whatAppearsMeanwhileStays() throws {
    let output = try OutputFolder(path: folder["new"])
    try Self.write("ours", to: "a", of: output)
    try makeFolder(folder["new"])
    try folder.write(Array("theirs".utf8), to: "new/a")
    #expect(throws: FileError(folder["new"], .isTaken)) { try output.publish() }
    #expect(try contents("new") == ["a": "theirs"])
    #expect(try folder.names() == ["new"])
  }

  @Test(arguments: [false, true]) func aKillLeavesWhatWasThere(isThere: Bool) async throws {
    if isThere {
      try makeFolder(folder["f"])
      try folder.write(Array("old".utf8), to: "f/a")
    }
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder["f"] as String] in
      let output = try OutputFolder(path: path)
      try Self.write("new", to: "a", of: output)
      kill(getpid(), SIGKILL)
    }
    #expect(try folder.names() == (isThere ? ["f"] : []))
    if isThere { #expect(try contents("f") == ["a": "old"]) }
  }

  @Test func aFileIsNoFolder() throws {
    try folder.write([1], to: "file")
    #expect(throws: FileError.self) { try OutputFolder(path: folder["file"]) }
    #expect(try folder.bytes("file") == [1])
  }

  @Test func foldersAreRemovedWhole() throws {
    try makeFolder(folder["s"])
    for name in ["a", "b"] { try folder.write([1], to: "s/" + name) }
    try removeFolder(at: folder["s"], files: ["a", "b"])
    #expect(try folder.names().isEmpty)
    try removeFolder(at: folder["s"], files: ["a", "b"])
    try makeFolder(folder["s"])
    for name in ["a", "theirs"] { try folder.write([1], to: "s/" + name) }
    try removeFolder(at: folder["s"], files: ["a", "b"])
    #expect(try contents("s") == ["theirs": "\u{1}"])
  }

  @Test func placesBelowAFolder() throws {
    try makeFolder(folder["m/sub"])
    try makeFolder(folder["n"])
    try FileManager.default.createSymbolicLink(atPath: folder["l"], withDestinationPath: "m/sub")
    let m = folder["m"]
    for path in ["m/out", "m/sub", "m/sub/x/y", "n/../m/out", "l/out", "l", "./m/./out"] {
      #expect(isBelow(folder[path], m), "\(path)")
    }
    for path in ["m", "m/", "n", "mm", "m/../n/out", "out", "m/sub/../../out"] {
      #expect(!isBelow(folder[path], m), "\(path)")
    }
  }
}
