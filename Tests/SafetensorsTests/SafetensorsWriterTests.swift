import Files
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Safetensors

private func bytes(_ file: SafetensorsFile, _ entry: Header.Entry) -> [UInt8] {
  file.withBytes(of: entry) { bytes in unsafe bytes.withUnsafeBytes { unsafe Array($0) } }
}

@Suite struct SafetensorsWriterTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// Writes what a file holds anew, its tensors given in another order.
  private func copy(
    _ source: SafetensorsFile, to path: String, metadata: Metadata, threads: Int = 1
  ) throws {
    let tensors = source.header.entries.reversed().map {
      Layout.Tensor(name: $0.name.string, type: $0.type, shape: $0.shape)
    }
    let output = try OutputFile(path: path, threads: threads)
    let writer = SafetensorsWriter(Layout(tensors), metadata: metadata, to: output)
    let entries = source.header.entries
    DispatchQueue.concurrentPerform(iterations: entries.count) { index in
      let entry = entries[index]
      #expect(throws: Never.self) {
        try source.withBytes(of: entry) { try writer.write($0, to: entry.name.string) }
      }
    }
    let byteCount = try writer.finish(metadata: metadata)
    #expect(byteCount % 8 == writer.layout.dataByteCount % 8)
  }

  /// Bytes for bytes what the reference implementation writes: 20 of the types, odd names, no
  /// elements, a scalar.
  @Test func writesAsTheReferenceDoes() throws {
    let source = try SafetensorsFile(path: Fixtures.path("safetensors/reference.safetensors"))
    try copy(source, to: folder["copy"], metadata: source.header.metadata)
    let expected = try Data(
      contentsOf: URL(filePath: Fixtures.path("safetensors/reference.safetensors")))
    #expect(try folder.bytes("copy") == [UInt8](expected))
  }

  @Test(arguments: ["copy", "copy.zst"]) func threadsDoNotChangeTheBytes(name: String) throws {
    let source = try SafetensorsFile(path: Fixtures.path("safetensors/reference.safetensors"))
    let metadata: Metadata = Metadata(["b": "2", "a": "1"])
    for threads in 1...4 {
      try copy(source, to: folder["\(threads)-\(name)"], metadata: metadata, threads: threads)
    }
    let first = try folder.bytes("1-\(name)")
    for threads in 2...4 { #expect(try folder.bytes("\(threads)-\(name)") == first) }
    let back = try SafetensorsFile(path: folder["1-\(name)"])
    #expect(back.header.metadata == metadata)
    #expect(back.file.isCompressed == name.hasSuffix(".zst"))
    for entry in back.header.entries {
      let original = try source.entry(entry.name.string)
      #expect(bytes(back, entry) == bytes(source, original))
      #expect(entry.shape == original.shape)
    }
  }

  @Test func everyTypeComesBack() throws {
    let tensors = ElementType.allCases.map {
      Layout.Tensor(name: $0.rawValue, type: $0, shape: [4, 2])
    }
    let output = try OutputFile(path: folder["types"])
    let writer = SafetensorsWriter(Layout(tensors), metadata: Metadata(), to: output)
    for (index, tensor) in tensors.enumerated() {
      let contents = [UInt8](repeating: UInt8(index), count: tensor.byteCount)
      try unsafe writer.write(contents.span.bytes, to: tensor.name.string)
    }
    try writer.finish(metadata: Metadata())
    let file = try SafetensorsFile(path: folder["types"])
    #expect(file.header.entries.map(\.type) == ElementType.allCases.reversed())
    for (index, type) in ElementType.allCases.enumerated() {
      let entry = try file.entry(type.rawValue)
      #expect(entry.type == type)
      #expect(bytes(file, entry) == [UInt8](repeating: UInt8(index), count: type.bitCount))
    }
  }

  /// The header's metadata depend on the data, whose place depends on the header's length.
  @Test(arguments: [64, 10, 0]) func metadataMayBecomeShorter(length: Int) throws {
    let output = try OutputFile(path: folder["file"])
    let layout = Layout([Layout.Tensor(name: "w", type: .uint8, shape: [3])])
    var metadata = Metadata(["hash": String(repeating: "0", count: 64), "a": "é\"\u{1}"])
    let writer = SafetensorsWriter(layout, metadata: metadata, to: output)
    try unsafe writer.write([7 as UInt8, 8].span.bytes, to: "w", at: 1)
    #expect(try writer.data(in: 0..<9) == [0, 7, 8])
    let digest = unsafe SHA256.hex(of: [0 as UInt8, 7, 8].span.bytes)
    #expect(try writer.dataSHA256() == digest)
    metadata["hash"] = String(repeating: "f", count: length)
    try writer.finish(metadata: metadata)
    let file = try SafetensorsFile(path: folder["file"])
    #expect(file.header.metadata == metadata)
    #expect(file.dataOffset % 8 == 0)
    #expect(bytes(file, try file.entry("w")) == [0, 7, 8])
  }

  @Test func metadataGrowNoLonger() async {
    await #expect(processExitsWith: .failure) {
      let writer = SafetensorsWriter(
        Layout([]), metadata: Metadata(), to: try OutputFile(path: "/dev/null"))
      try writer.finish(metadata: Metadata(["a": String(repeating: "b", count: 100)]))
    }
  }

  @Test func noTwoTensorsShareAName() async {
    await #expect(processExitsWith: .failure) {
      let tensor = Layout.Tensor(name: "w", type: .uint8, shape: [3])
      _ = Layout([tensor, tensor])
    }
  }

  @Test func aFileOfNothingIsAFile() throws {
    let writer = SafetensorsWriter(
      Layout([]), metadata: Metadata(), to: try OutputFile(path: folder["none"]))
    #expect(try writer.finish(metadata: Metadata()) == 16)
    #expect(try folder.bytes("none") == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
    #expect(try SafetensorsFile(path: folder["none"]).header.entries.isEmpty)
  }
}

@Suite struct MetadataTests {
  @Test func entriesAreSetAndRemoved() {
    var metadata = Metadata(["b": "1", "a": "2"])
    metadata["c"] = "3"
    metadata["aa"] = "4"
    metadata["b"] = nil
    metadata["no"] = nil
    metadata["a"] = "5"
    #expect(metadata.entries.map(\.key) == ["a", "aa", "c"])
    #expect(metadata.entries.map(\.value) == ["5", "4", "3"])
    #expect(metadata.filter { $0.hasPrefix("a") }.entries.count == 2)
  }

  /// To Swift these two are one string.
  @Test func keysAreBytes() {
    var metadata = Metadata(["\u{E9}": "composed"])
    metadata["e\u{301}"] = "decomposed"
    #expect(metadata.entries.count == 2)
    #expect(metadata["\u{E9}"] == "composed")
  }
}
