import Foundation
import TestSupport
import Testing

@testable import Files

@Suite struct FileNameTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// Names in other encodings, cut characters, surrogates, and the scalars that stand for bytes.
  static let names: [[UInt8]] =
    [
      Array("plain.st".utf8), Array("é 頭 🐈".utf8), [0x62, 0xFF, 0xFE], [0x93, 0xAA],
      [0xE9, 0x2E, 0x70], [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x90], [0xC3], [0x80, 0x80],
      Array("a\u{10FF80}b".utf8), Array("\u{10FFFF}".utf8), Array("\u{10FFFF}".utf8) + [0xFF],
      [0xF4, 0x8F, 0xBF], Array("\u{10FEFF}\u{10FF7F}".utf8),
    ]

  @Test(arguments: names) func bytesComeBack(bytes: [UInt8]) {
    #expect(name(bytes).systemName.map { UInt8(bitPattern: $0) } == bytes + [0])
  }

  @Test func everyPairOfBytesHasAStringOfItsOwn() {
    var strings: Set<[UInt8]> = []
    for first in UInt8(1)...255 {
      for second in UInt8(1)...255 {
        let text = name([first, second])
        #expect(text.systemName == [CChar(bitPattern: first), CChar(bitPattern: second), 0])
        strings.insert(Array(text.utf8))
      }
    }
    #expect(strings.count == 255 * 255)
  }

  @Test func aZeroIsNoName() throws {
    try folder.write([1], to: "a")
    #expect(FileKind(path: folder["a\0b"]) == .missing)
    #expect(throws: FileError.self) { try MappedFile(path: folder["a\0b"]) }
  }

  /// All that a path goes through: making, writing, listing, linking, reading, removing.
  @Test(arguments: names) func filesOfAnyName(bytes: [UInt8]) throws {
    let name = name(bytes)
    try makeFolder(folder["in/\(name)"])
    let path = folder["in/\(name)/\(name)"]
    let output = try OutputFile(path: path)
    try unsafe output.write(bytes.span.bytes, at: 0)
    try output.commit()
    #expect(try Files.names(inFolder: folder["in"]) == [name])
    #expect(try Files.names(inFolder: folder["in/\(name)"]) == [name])
    #expect(FileKind(path: path) == .file)
    #expect(try MappedFile(path: path).byteCount == bytes.count)
    #expect(paths(in: folder["in"], matching: "*/*") == [path])
    let link = folder["link"]
    let status = unsafe symlink(path.systemName, link)
    try #require(status == 0)
    #expect(destination(ofLink: link) == path)
    #expect(isSameFile(link, path) && resolved(link)?.hasSuffix("/in/\(name)/\(name)") == true)
    try remove(at: path)
    #expect(FileKind(path: path) == .missing)
    try OutputFile(path: link).commit()
    #expect(FileKind(path: path) == .file, "written through the link")
  }

  @Test func foreignBytesAreShown() {
    #expect(escaped(name([0x62, 0xFF, 0x1B, 0x80])) == "b\\xff\\u{1b}\\x80")
  }
}
