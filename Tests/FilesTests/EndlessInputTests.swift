import Foundation
import TestSupport
import Testing

@testable import Files

@Suite struct EndlessInputTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [0, 1, 1 << 20, 3_000_000]) func anEndlessFileIsReadToItsLimit(limit: Int) {
    let error = #expect(throws: FileError.self) {
      try MappedFile(path: "/dev/zero", atMost: limit)
    }
    #expect(error?.reason == .isTooLong(limit: limit))
  }

  @Test func aRegularFileHasALimitToo() throws {
    let path = try folder.write([UInt8](repeating: 1, count: 1001), to: "file")
    #expect(try MappedFile(path: path, atMost: 1001).byteCount == 1001)
    #expect(throws: FileError.self) { try MappedFile(path: path, atMost: 1000) }
    let words = "\(FileError(path, .isTooLong(limit: 16 << 20)))"
    #expect(
      words == "\(path): has more than 16 MB, too much for what is read here; is it the right file?"
    )
  }

  /// Of what never ends, no more is read than the beginning asks for, and a piece.
  @Test(arguments: [8, 32, 5_000_000]) func noMoreIsReadThanIsWanted(wanted: Int) throws {
    let file = try MappedFile(path: "/dev/zero") { _ in wanted }
    #expect(wanted...wanted + 2 << 20 ~= file.byteCount)
  }

  @Test func wantsGrowWithWhatIsKnown() throws {
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    let output = try OutputFile(path: folder["file.zst"])
    try unsafe output.write(bytes.span.bytes, at: 0)
    try output.commit()
    nonisolated(unsafe) var asked: [Int] = []
    let file = try MappedFile(path: folder["file.zst"]) { known in
      unsafe asked.append(known.byteCount)
      return known.byteCount < 100 ? 100 : known.byteCount < 150_000 ? 150_000 : 200_001
    }
    #expect(file.byteCount == 200_000)
    #expect(unsafe asked.allSatisfy { $0 <= 200_000 } && asked.count <= 4)
  }

  /// 64 MB of zeros in 6 kB: what the reader does not want is not unpacked.
  @Test func aBombIsNotUnpacked() throws {
    let output = try OutputFile(path: folder["bomb"], compresses: true)
    try output.extend(to: 64 << 20)
    try output.commit()
    #expect(try folder.bytes("bomb").count < 10_000)
    let file = try MappedFile(path: folder["bomb"]) { _ in 8 }
    #expect(8...2 << 20 ~= file.byteCount)
    #expect(throws: FileError.self) { try MappedFile(path: folder["bomb"], atMost: 1 << 20) }
    #expect(try MappedFile(path: folder["bomb"], atMost: 64 << 20).byteCount == 64 << 20)
  }

  /// A claim of more memory than there is fails before the bytes come.
  @Test func anImpossibleClaimIsRefusedAtOnce() {
    let error = #expect(throws: FileError.self) {
      try MappedFile(path: "/dev/zero") { _ in 1 << 60 }
    }
    #expect(error?.reason == .system(call: "get \(1 << 60) bytes of memory", errno: ENOMEM))
  }
}

@Suite struct CutShortTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private static let pages = 40 * 4096

  @Test(arguments: [0, 4096, 100 * 4096])
  func aFaultNamesTheFile(left: Int) async throws {
    let path = try folder.write([UInt8](repeating: 1, count: Self.pages), to: "in\u{1B}put")
    let result = await #expect(
      processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
    ) { [path = path as String, left = left as Int] in
      let file = try MappedFile(path: path)
      // Longer than before means: cut, then written again by somebody who is not done.
      unsafe truncate(path, 0)
      if left > 0 { unsafe truncate(path, off_t(left)) }
      if left > 40 * 4096 { unsafe truncate(path, 4096) }
      let sum = file.withBytes { bytes in
        stride(from: 0, to: bytes.byteCount, by: 512).reduce(0) {
          unsafe $0 + Int(bytes.unsafeLoad(fromByteOffset: $1, as: UInt8.self))
        }
      }
      exit(Int32(sum & 1) + 7)
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    let name = folder["in\\u{1b}put"]
    #expect(
      words.contains(
        "lora: \(name): was cut short while it was read; try again when nothing writes it\n"))
  }

  @Test func aFaultLeavesNoTemporaryFiles() async throws {
    let path = try folder.write([UInt8](repeating: 1, count: Self.pages), to: "input")
    await #expect(processExitsWith: .exitCode(1)) { [path = path as String] in
      let leftovers = [Leftover(folder: path + ".f"), Leftover(path + ".f/in")]
      try makeFolder(path + ".f")
      try Data([1]).write(to: URL(filePath: path + ".f/in"))
      let file = try MappedFile(path: path)
      unsafe truncate(path, 0)
      let last = file.withBytes { unsafe $0.unsafeLoad(fromByteOffset: 9999, as: UInt8.self) }
      withExtendedLifetime(leftovers) { exit(Int32(last) + 7) }
    }
    #expect(try folder.names() == ["input"])
  }

  /// The signal means what it did to who sends it, and where no file is mapped.
  @Test func otherFaultsStayFaults() async throws {
    let path = try folder.write([1], to: "input")
    await #expect(processExitsWith: .signal(SIGBUS)) { [path = path as String] in
      let file = try MappedFile(path: path)
      withExtendedLifetime(file) { _ = kill(getpid(), SIGBUS) }
      usleep(1_000_000)
    }
  }

  @Test func aWriteOfWhatIsGoneBlamesTheInput() throws {
    let path = try folder.write([UInt8](repeating: 1, count: Self.pages), to: "input")
    let file = try MappedFile(path: path)
    unsafe truncate(path, 8192)
    let output = try OutputFile(path: folder["out"])
    let error = #expect(throws: FileError.self) {
      try file.withBytes { try output.write($0, at: 0) }
    }
    #expect(error == FileError(path, .wasCutShort))
    let again = #expect(throws: FileError.self) {
      try output.write(0..<Self.pages, of: file, at: 0)
    }
    #expect(again == FileError(path, .wasCutShort))
  }

  /// A page that is gone in part reads as zeros, and one that was written anew as new.
  @Test func whatWasWrittenMeanwhileIsFound() throws {
    let path = try folder.write([UInt8](repeating: 1, count: 5000), to: "input")
    let file = try MappedFile(path: path)
    try file.checkUnchanged()
    try MappedFile.checkUnchanged()
    unsafe truncate(path, 4990)
    #expect(throws: FileError(path, .wasCutShort)) { try file.checkUnchanged() }
    unsafe truncate(path, 5000)
    #expect(throws: FileError(path, .wasWritten)) { try file.checkUnchanged() }
    try Data([1]).write(to: URL(filePath: path), options: .atomic)
    try file.checkUnchanged()
  }

  @Test func aWriteOfNothingIsAnErrorOfItsOwn() {
    errno = ENOTTY
    #expect(throws: FileError("out", .system(call: "write", errno: EIO))) {
      try advance(0, "write", on: "out")
    }
  }

  @Test func aLinkToItselfIsNoOutput() throws {
    for (link, end) in [("a", "a"), ("b", "c"), ("c", "b")] {
      try FileManager.default.createSymbolicLink(atPath: folder[link], withDestinationPath: end)
    }
    for link in ["a", "b"] {
      let error = #expect(throws: FileError.self) { try OutputFile(path: folder[link]) }
      #expect(error?.reason == .system(call: "write", errno: ELOOP))
      #expect(throws: FileError.self) { try OutputFolder(path: folder[link]) }
    }
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder["a"]) == "a")
  }
}
