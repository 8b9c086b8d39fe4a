import Files
import Foundation
import TestSupport
import Testing

private func bytes(of file: MappedFile) -> [UInt8] {
  file.withBytes { bytes in unsafe bytes.withUnsafeBytes { unsafe Array($0) } }
}

private func error(_ path: String) -> FileError? {
  #expect(throws: FileError.self) { _ = try MappedFile(path: path) }
}

@Suite struct MappedFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [0, 1, 4095, 4096, 100_001]) func givesTheBytes(count: Int) throws {
    let expected = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let file = try MappedFile(path: folder.write(expected, to: "file"))
    #expect(bytes(of: file) == expected)
    #expect(file.byteCount == count)
    #expect(!file.isCompressed)
  }

  @Test func releasedPagesAreReadAgain() throws {
    let expected = [UInt8](repeating: 5, count: 100_000)
    let file = try MappedFile(path: folder.write(expected, to: "file"))
    #expect(bytes(of: file) == expected)
    file.release(0..<100_000)
    file.release(1..<2)
    file.release(5000..<5000)
    #expect(bytes(of: file) == expected)
  }

  @Test func pipesAreReadToTheirEnd() throws {
    let path = folder["pipe"]
    let result = unsafe mkfifo(path, 0o600)
    try #require(result == 0)
    let expected = [UInt8](repeating: 3, count: 3_000_000)
    let writer = OtherThread {
      try FileHandle(forWritingTo: URL(filePath: path)).write(contentsOf: Data(expected))
    }
    #expect(bytes(of: try MappedFile(path: path)) == expected)
    try writer.result()
  }

  /// Files of `/proc` claim to be empty.
  @Test func filesWithoutALengthAreRead() throws {
    #expect(try MappedFile(path: "/proc/self/status").byteCount > 0)
  }

  @Test func whatCannotBeReadIsNamed() {
    #expect(error(folder["no"])?.reason == .system(call: "open", errno: ENOENT))
    #expect(error(folder.path)?.reason == .isFolder)
    #expect("\(error("/no") as Any)".contains("/no: cannot open: no such file or directory"))
  }

  @Test func namesOfAFolderAreSorted() throws {
    for name in ["b", "a", "é", "B"] { try folder.write([], to: name) }
    #expect(try names(inFolder: folder.path) == ["B", "a", "b", "é"])
  }

  @Test func kindsOfPaths() throws {
    try folder.write([], to: "file")
    #expect(FileKind(path: folder["file"]) == .file)
    #expect(FileKind(path: folder["no"]) == .missing)
    #expect(FileKind(path: folder.path) == .folder)
    #expect(FileKind(path: "/dev/null") == .stream)
  }
}
