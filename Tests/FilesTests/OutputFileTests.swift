import Files
import Foundation
import TestSupport
import Testing

/// Writes a file in two pieces, the later one first.
private func write(_ text: String, to path: String, compresses: Bool = false) throws {
  let output = try OutputFile(path: path, compresses: compresses)
  let bytes = Array(text.utf8)
  let middle = bytes.count / 2
  try unsafe output.write(bytes.span.bytes.extracting(middle...), at: middle)
  try unsafe output.write(bytes.span.bytes.extracting(..<middle), at: 0)
  try output.commit()
}

private func permissions(_ path: String) throws -> Int {
  let attributes = try FileManager.default.attributesOfItem(atPath: path)
  return try #require(attributes[.posixPermissions] as? Int)
}

private func makePipe(_ path: String) throws {
  let result = unsafe mkfifo(path, 0o600)
  try #require(result == 0)
}

@Suite struct OutputFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func appearsWholeAndAlone() throws {
    try write("hello", to: folder["out"])
    #expect(try folder.bytes("out") == Array("hello".utf8))
    #expect(try folder.names() == ["out"])
  }

  @Test func newFilesHaveTheUsersPermissions() throws {
    try write("new", to: folder["out"])
    let reference = try folder.write([], to: "reference")
    #expect(try permissions(folder["out"]) == permissions(reference))
  }

  @Test func replacedFilesKeepTheirPermissions() throws {
    try folder.write([1], to: "out")
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: folder["out"])
    try write("new", to: folder["out"])
    #expect(try permissions(folder["out"]) == 0o640)
    #expect(try folder.names() == ["out"])
  }

  @Test func droppedDraftsLeaveWhatWasThere() throws {
    try folder.write([1, 2], to: "out")
    do {
      let output = try OutputFile(path: folder["out"])
      try unsafe output.write([9, 9, 9 as UInt8].span.bytes, at: 0)
    }
    #expect(try folder.bytes("out") == [1, 2])
    #expect(try folder.names() == ["out"])
  }

  @Test func killedRunsLeaveWhatWasThere() async throws {
    try folder.write([1, 2], to: "out")
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = folder["out"] as String] in
      let output = try OutputFile(path: path)
      try unsafe output.write([9, 9, 9 as UInt8].span.bytes, at: 0)
      kill(getpid(), SIGKILL)
    }
    #expect(try folder.bytes("out") == [1, 2])
    #expect(try folder.names() == ["out"])
  }

  /// A mapped input keeps its bytes while its name goes to another file.
  @Test func anOutputMayBeAnInput() throws {
    let path = try folder.write(Array(repeating: 7, count: 10_000), to: "both")
    let input = try MappedFile(path: path)
    let output = try OutputFile(path: path)
    try input.withBytes { try output.write($0.extracting(..<5000), at: 0) }
    try output.commit()
    #expect(input.withBytes { unsafe $0.unsafeLoad(fromByteOffset: 9999, as: UInt8.self) } == 7)
    #expect(try folder.bytes("both").count == 5000)
  }

  @Test(arguments: [true, false]) func linksAreWrittenThrough(isDangling: Bool) throws {
    if !isDangling { try folder.write([1], to: "target") }
    try FileManager.default.createSymbolicLink(
      atPath: folder["link"], withDestinationPath: "target")
    try write("new", to: folder["link"])
    #expect(try folder.bytes("target") == Array("new".utf8))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder["link"]) == "target")
    #expect(try folder.names() == ["link", "target"])
  }

  @Test func holesAreZeros() throws {
    let output = try OutputFile(path: folder["out"])
    try unsafe output.write([1 as UInt8].span.bytes, at: 3)
    try output.extend(to: 6)
    try output.extend(to: 2)
    let sum = try output.withContents { bytes in
      (0..<bytes.byteCount).reduce(0) {
        unsafe $0 + Int(bytes.unsafeLoad(fromByteOffset: $1, as: UInt8.self))
      }
    }
    #expect(sum == 1)
    try output.commit()
    #expect(try folder.bytes("out") == [0, 0, 0, 1, 0, 0])
  }

  @Test func anEmptyFileIsAFile() throws {
    try OutputFile(path: folder["out"]).commit()
    #expect(try folder.bytes("out").isEmpty)
  }

  @Test func theLongestNameWillDo() throws {
    let name = String(repeating: "n", count: 255)
    try write("first", to: folder[name])
    try write("second", to: folder[name])
    #expect(try folder.names() == [name])
  }

  @Test func manyThreadsMayWrite() throws {
    let output = try OutputFile(path: folder["out"])
    DispatchQueue.concurrentPerform(iterations: 100) { index in
      let piece = [UInt8](repeating: UInt8(index), count: 1000)
      #expect(throws: Never.self) { try unsafe output.write(piece.span.bytes, at: index * 1000) }
    }
    try output.commit()
    let expected = (0..<100).flatMap { [UInt8](repeating: UInt8($0), count: 1000) }
    #expect(try folder.bytes("out") == expected)
  }
}

@Suite struct RefusedOutputTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func message(_ path: String) -> String {
    do {
      _ = try OutputFile(path: path)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func foldersAreRefused() {
    #expect(message(folder.path) == "\(folder.path): is a folder, not a file")
  }

  @Test func aMissingFolderIsNoticedBeforeTheWork() {
    let path = folder["no/out"]
    #expect(message(path) == "\(path): cannot write: no such file or directory")
  }

  @Test(.enabled(if: getuid() != 0, "root may write any file"))
  func readOnlyFilesStay() throws {
    let path = try folder.write([1], to: "out")
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
    #expect(message(path) == "\(path): cannot write: permission denied")
  }

  @Test func aFullDiskIsReported() throws {
    let output = try OutputFile(path: "/dev/full")
    try unsafe output.write([1 as UInt8].span.bytes, at: 0)
    let error = #expect(throws: FileError.self) { try output.commit() }
    #expect(error?.reason == .system(call: "write", errno: ENOSPC))
  }

  @Test func aLimitOfFileSizesIsReported() async throws {
    try folder.write([1], to: "out")
    await #expect(processExitsWith: .exitCode(3)) { [path = folder["out"] as String] in
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 1000, rlim_max: 1000)
      unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let output = try OutputFile(path: path)
      do {
        try unsafe output.write([UInt8](repeating: 1, count: 2000).span.bytes, at: 0)
      } catch {
        let reason = (error as? FileError)?.reason
        exit(reason == .system(call: "write", errno: EFBIG) ? 3 : 4)
      }
    }
    #expect(try folder.bytes("out") == [1])
    #expect(try folder.names() == ["out"])
  }
}

@Suite struct StreamTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func aNamedPipeReceivesTheBytes() throws {
    let path = folder["pipe"]
    try makePipe(path)
    let text = String(repeating: "0123456789", count: 50_000)
    let reader = OtherThread {
      try FileHandle(forReadingFrom: URL(filePath: path)).readToEnd()
    }
    try write(text, to: path)
    #expect(try reader.result() == Data(text.utf8))
    #expect(try folder.names() == ["pipe"])
  }

  @Test func nothingIsMadeOfTheNullDevice() throws {
    try write("away", to: "/dev/null")
    let attributes = try FileManager.default.attributesOfItem(atPath: "/dev/null")
    #expect(attributes[.type] as? FileAttributeType == .typeCharacterSpecial)
  }

  @Test func aReaderThatLeavesIsNoError() async throws {
    let path = folder["pipe"]
    try makePipe(path)
    await #expect(processExitsWith: .success) { [path = path as String] in
      signal(SIGPIPE, SIG_IGN)
      let reader = unsafe open(path, O_RDONLY | O_NONBLOCK)
      let output = try OutputFile(path: path)
      close(reader)
      try unsafe output.write([UInt8](repeating: 1, count: 200_000).span.bytes, at: 0)
      try output.commit()
    }
  }
}
