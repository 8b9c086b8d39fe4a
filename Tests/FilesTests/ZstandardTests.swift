import Files
import Foundation
import TestSupport
import Testing

private let tool = ["/usr/bin/zstd", "/usr/local/bin/zstd"].first {
  FileManager.default.isExecutableFile(atPath: $0)
}

private func run(_ path: String, _ arguments: String...) throws -> Int32 {
  let process = Process()
  process.executableURL = URL(filePath: path)
  process.arguments = arguments
  process.standardInput = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  return process.terminationStatus
}

private func bytes(_ path: String) throws -> [UInt8] {
  try MappedFile(path: path).withBytes { bytes in unsafe bytes.withUnsafeBytes { unsafe Array($0) }
  }
}

@Suite struct ZstandardTests {
  let folder: TemporaryFolder

  let contents = Self.contents

  /// Compressible, and longer than what one thread takes at a time.
  private static let contents = [UInt8](
    repeatElement(0..<100_000, count: 90).joined().map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })

  init() throws { folder = try TemporaryFolder() }

  private func write(_ bytes: [UInt8], to name: String, threads: Int = 1) throws {
    let output = try OutputFile(path: folder[name], compresses: true, threads: threads)
    try unsafe output.write(bytes.span.bytes, at: 0)
    try output.commit()
  }

  @Test func whatIsWrittenIsReadBack() throws {
    try write(contents, to: "file")
    #expect(try folder.bytes("file").count < contents.count / 2)
    #expect(try MappedFile(path: folder["file"]).isCompressed)
    #expect(try bytes(folder["file"]) == contents)
    #expect(try folder.names() == ["file"])
  }

  @Test func theNameAsksForIt() throws {
    let output = try OutputFile(path: folder["file.zst"])
    try unsafe output.write(contents.span.bytes, at: 0)
    try output.commit()
    #expect(try folder.bytes("file.zst").starts(with: [0x28, 0xB5, 0x2F, 0xFD]))
  }

  @Test func nothingCompressesToo() throws {
    try write([], to: "file")
    #expect(try folder.bytes("file").count > 0)
    #expect(try bytes(folder["file"]).isEmpty)
  }

  @Test func threadsDoNotChangeTheBytes() throws {
    for threads in 1...4 { try write(contents, to: "\(threads)", threads: threads) }
    let first = try folder.bytes("1")
    for threads in 2...4 { #expect(try folder.bytes("\(threads)") == first) }
  }

  @Test(.enabled(if: tool != nil, "no zstd tool")) func theToolReadsOurs() throws {
    try write(contents, to: "file.zst", threads: 2)
    #expect(try run(#require(tool), "-q", "-d", folder["file.zst"]) == 0)
    #expect(try folder.bytes("file") == contents)
  }

  @Test(
    .enabled(if: tool != nil, "no zstd tool"),
    arguments: ["-1", "-9", "--long=31", "-T2", "--no-check", "--fast"])
  func theToolIsRead(option: String) throws {
    try folder.write(contents, to: "file")
    #expect(try run(#require(tool), "-q", option, folder["file"], "-o", folder["file.zst"]) == 0)
    #expect(try bytes(folder["file.zst"]) == contents)
  }

  @Test func framesFollowOneAnother() throws {
    try write(contents, to: "one")
    let frame = try folder.bytes("one")
    let skipped: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
    try folder.write(skipped + frame + skipped + frame, to: "two")
    #expect(try bytes(folder["two"]) == contents + contents)
  }

  @Test(arguments: [4, 5, 20, 1000]) func partsAreRefused(kept: Int) throws {
    try write(contents, to: "file")
    try folder.write(folder.bytes("file").prefix(kept), to: "part")
    let error = #expect(throws: FileError.self) { try MappedFile(path: folder["part"]) }
    #expect("\(error as Any)".contains("is the download complete?"))
  }

  @Test(arguments: [0, 40]) func damageIsRefused(fromEnd: Int) throws {
    try write(Array(contents.prefix(1000)), to: "file")
    var damaged = try folder.bytes("file")
    damaged[damaged.count - 1 - fromEnd] ^= 0x10
    try folder.write(damaged, to: "damaged")
    #expect(throws: FileError.self) { try MappedFile(path: folder["damaged"]) }
  }

  @Test func whatFollowsAFrameIsRefused() throws {
    try write(contents, to: "file")
    try folder.write(folder.bytes("file") + [1, 2, 3, 4, 5], to: "more")
    #expect(throws: FileError.self) { try MappedFile(path: folder["more"]) }
  }
}

@Suite struct SHA256Tests {
  /// FIPS 180-4's examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ])
  func examples(text: String, digest: String) {
    let bytes = Array(text.utf8)
    #expect(unsafe SHA256.hex(of: bytes.span.bytes) == digest)
    var hash = SHA256()
    for piece in stride(from: 0, to: bytes.count, by: 997) {
      unsafe hash.update(bytes.span.bytes.extracting(piece..<min(piece + 997, bytes.count)))
    }
    #expect(hash.finish() == digest)
    #expect(hash.finish() == SHA256.hex(of: unsafe [UInt8]().span.bytes))
  }
}
