import Files
import Foundation
import TestSupport
import Testing

@testable import Safetensors

/// Files whose length is known from their header alone: of pipes, and compressed ones.
@Suite struct StreamedFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private static let fixture = Fixtures.path("pair/a.safetensors")

  private func fixture() throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: Self.fixture)))
  }

  private func wanted(_ bytes: some Sequence<UInt8>) -> Int {
    let bytes = Array(bytes)
    return unsafe SafetensorsFile.wantedByteCount(bytes.span.bytes)
  }

  @Test func theBeginningTellsHowMuchIsWanted() throws {
    let bytes = try fixture()
    let file = try SafetensorsFile(path: Self.fixture)
    #expect(wanted([]) == 8)
    #expect(wanted(bytes.prefix(7)) == 8)
    #expect(wanted(bytes.prefix(8)) == file.dataOffset)
    #expect(wanted(bytes.prefix(file.dataOffset)) == bytes.count + 1)
    #expect(wanted(bytes) == bytes.count + 1)
  }

  @Test(arguments: ["<!DOCTYPE html> and so on", "yyyyyyyyyyyyyyyyyyyyy"])
  func nothingMoreIsWantedOfWhatIsNone(text: String) {
    #expect(wanted(text.utf8) == 32)
    #expect(wanted([UInt8](repeating: 0, count: 8)) == 0)
    #expect(wanted([2, 0, 0, 0, 0, 0, 0, 0] + Array("[]".utf8)) == 0)
  }

  /// A pipe that never ends, behind a beginning: what is said, and that it is said at once.
  @Test(arguments: [
    (0, "header is not the JSON it should be"), (8, "header is not the JSON it should be"),
    (-1, "goes on after the "),
  ])
  func endlessPipesAreRefused(kept: Int, message: String) throws {
    let path = folder["pipe"]
    let status = unsafe mkfifo(path, 0o600)
    try #require(status == 0)
    let bytes = try fixture()
    let beginning = kept < 0 ? bytes : Array(bytes.prefix(kept))
    let writer = OtherThread {
      signal(SIGPIPE, SIG_IGN)
      let handle = try FileHandle(forWritingTo: URL(filePath: path))
      try handle.write(contentsOf: Data(beginning))
      let zeros = Data(count: 1 << 20)
      // 4 GB, unless the reader leaves.
      for _ in 0..<4096 { try handle.write(contentsOf: zeros) }
    }
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
    #expect("\(error as Any)".contains(message))
    #expect(throws: (any Error).self) { try writer.result() }
  }

  @Test func aWholePipeIsRead() throws {
    let path = folder["pipe"]
    let status = unsafe mkfifo(path, 0o600)
    try #require(status == 0)
    let bytes = try fixture()
    let writer = OtherThread {
      try FileHandle(forWritingTo: URL(filePath: path)).write(contentsOf: Data(bytes))
    }
    let file = try SafetensorsFile(path: path)
    try writer.result()
    #expect(file.file.byteCount == bytes.count)
    #expect(file.header.entries == (try SafetensorsFile(path: Self.fixture).header.entries))
  }

  /// 1 GB of zeros in a few kilobytes, as a file and behind a good header.
  @Test(arguments: [false, true]) func bombsAreNotUnpacked(hasHeader: Bool) throws {
    let output = try OutputFile(path: folder["bomb.zst"])
    let whole = try fixture()
    if hasHeader { try unsafe output.write(whole.span.bytes, at: 0) }
    try output.extend(to: 1 << 30)
    try output.commit()
    let error = #expect(throws: SafetensorsError.self) {
      try SafetensorsFile(path: folder["bomb.zst"])
    }
    let message = hasHeader ? "goes on after the " : "header is not the JSON it should be"
    #expect("\(error as Any)".contains(message))
  }
}
