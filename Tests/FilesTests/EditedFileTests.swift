import Foundation
import TestSupport
import Testing

@testable import Files

@Suite struct EditedFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func write(_ bytes: [UInt8], to path: String, editing edited: EditedFile?) throws {
    let output = try OutputFile(path: path, editing: edited)
    try unsafe output.write(bytes.span.bytes, at: 0)
    try output.commit()
  }

  /// Adds one to a file's byte, as an edit does it: taken, read, written.
  private static func count(_ path: String) throws {
    let edited = try EditedFile(path: path)
    let old = try MappedFile(path: path).withBytes { bytes in
      unsafe bytes.unsafeLoad(as: UInt8.self)
    }
    let output = try OutputFile(path: path, editing: edited)
    try unsafe output.write([old + 1].span.bytes, at: 0)
    try output.commit()
  }

  @Test(arguments: [false, true]) func noEditIsLost(isLinked: Bool) throws {
    var path = try folder.write([0], to: "file")
    if isLinked {
      try FileManager.default.createSymbolicLink(
        atPath: folder["link"], withDestinationPath: "file")
      path = folder["link"]
    }
    let threads = (0..<4).map { _ in
      OtherThread { [path] in for _ in 0..<15 { try Self.count(path) } }
    }
    for thread in threads { try thread.result() }
    #expect(try folder.bytes("file") == [60])
    #expect(try folder.names() == (isLinked ? ["file", "link"] : ["file"]))
  }

  @Test func whatOthersWroteStays() throws {
    let path = try folder.write([1], to: "file")
    for write in [
      { try Data([2]).write(to: URL(filePath: path), options: .atomic) },
      { try FileHandle(forWritingTo: URL(filePath: path)).write(contentsOf: Data([3, 3])) },
      { try FileManager.default.removeItem(atPath: path) },
    ] {
      let edited = try EditedFile(path: path)
      try write()
      let left = try? folder.bytes("file")
      let error = #expect(throws: FileError.self) {
        try self.write([9], to: path, editing: edited)
      }
      #expect(error?.reason == .wasChanged)
      #expect((try? folder.bytes("file")) == left)
      #expect(try folder.names() == (left == nil ? [] : ["file"]))
    }
  }

  @Test func aMissingFileIsNoEdit() {
    let error = #expect(throws: FileError.self) { try EditedFile(path: folder["no"]) }
    #expect(error?.reason == .system(call: "write", errno: ENOENT))
  }

  /// The bytes arrive by each of the ways: shared, copied by the system, through memory.
  @Test(arguments: [0, 1, 4096, 5000], [0, 1, 4096, 9000])
  func rangesOfOtherFilesAreCopied(start: Int, place: Int) throws {
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 * 31 >> 3) }
    let source = try MappedFile(path: folder.write(bytes, to: "source"))
    for end in [start, start + 1, 12_000, 20_000] where end >= start {
      let output = try OutputFile(path: folder["out"])
      try output.write(start..<end, of: source, at: place)
      try output.commit()
      let written = try folder.bytes("out")
      // A shared file may bring its beginning along, which the header then replaces.
      #expect(Array(written.dropFirst(place)) == Array(bytes[start..<end]))
    }
  }

  @Test func whatIsNoLongerThereIsCopiedFromMemory() throws {
    let bytes = [UInt8](repeating: 7, count: 10_000)
    let source = try MappedFile(path: folder.write(bytes, to: "source"))
    try Data([1]).write(to: URL(filePath: folder["source"]), options: .atomic)
    let output = try OutputFile(path: folder["out"])
    try output.write(100..<10_000, of: source, at: 0)
    try output.commit()
    #expect(try folder.bytes("out") == Array(bytes.dropFirst(100)))
  }
}
