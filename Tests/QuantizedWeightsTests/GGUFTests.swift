import Files
import Foundation
import Safetensors
import Tensors
import TestSupport
import Testing

@testable import QuantizedWeights

/// GGUF files with wrong bytes throw; none traps.
@Suite struct GGUFTests {
  private let folder: TemporaryFolder
  private let bytes: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    bytes = [UInt8](
      try Data(contentsOf: URL(filePath: Fixtures.path("quantized/gguf-reshaped"))))
  }

  private func open(_ bytes: [UInt8]) throws -> GGUFFile {
    try GGUFFile(MappedFile(path: folder.write(bytes, to: "g.gguf")))
  }

  /// What a file with other bytes from a place on is refused for.
  private func refusal(_ new: [UInt8], at place: Int) throws -> String {
    var changed = bytes
    changed.replaceSubrange(place..<place + new.count, with: new)
    return "\(try #require(throws: GGUFError.self) { try open(changed) })"
  }

  /// Where a text ends.
  private func end(of text: String) throws -> Int {
    let text = Array(text.utf8)
    let start = bytes.indices.first { bytes[$0...].starts(with: text) }
    return try #require(start) + text.count
  }

  private static let name = "double_blocks.0.img_attn.proj.weight"

  @Test func everyShorterFileIsRefused() throws {
    _ = try open(bytes)
    for count in stride(from: 4, to: bytes.count, by: 5) {
      #expect(throws: GGUFError.self) { try open(Array(bytes[..<count])) }
    }
  }

  @Test func whatIsWrongIsSaid() throws {
    let many = [UInt8](repeating: 0x7F, count: 8)
    #expect(try refusal([1], at: 4).contains("of version 1; lora reads 2 and 3"))
    #expect(try refusal([0, 0, 0, 3], at: 4).contains("big-endian"))
    #expect(try refusal(many, at: 8).contains("entries in its header, more than fit"))
    #expect(try refusal(many, at: 16).contains("entries in its header, more than fit"))
    #expect(try refusal(many, at: 24).contains("more than fit"))
    #expect(try refusal([77], at: end(of: "general.alignment")).contains("field of type 77"))
    #expect(try refusal([3], at: end(of: "general.alignment") + 4).contains("alignment of 3 bytes"))
    // The name of a tensor is followed by its rank, its extents, its type and its place; that of its
    // shape stands first.
    let fields = bytes.indices.filter { bytes[$0...].starts(with: Array(Self.name.utf8)) }
    let place = try #require(fields.last) + Self.name.utf8.count
    #expect(try refusal([9], at: place).contains("has 9 extents, more than 4"))
    #expect(try refusal(many, at: place + 4).contains("more elements than 64 bits count"))
    #expect(try refusal([255], at: place + 11).contains("beyond 63 bits"))
    #expect(try refusal([8], at: place + 12).contains("is said to have been [16, 16, 2, 2]"))
    #expect(try refusal([99], at: place + 20).contains("ggml's type 99, which lora does not know"))
    #expect(try refusal([64], at: place + 24).contains("is the download complete?"))
    #expect(try refusal([1], at: place + 24).contains("lies at 1"))
    #expect(try refusal([0xFF], at: place - 1).contains("not UTF-8"))
  }

  @Test func typesThatAreNotReadAreNamed() throws {
    let fields = bytes.indices.filter { bytes[$0...].starts(with: Array(Self.name.utf8)) }
    var changed = bytes
    // IQ3_XXS has smaller blocks of as many numbers.
    changed[try #require(fields.last) + Self.name.utf8.count + 20] = 18
    let tensors = QuantizedTensors(try open(changed))
    let fault = try #require(tensors.faults.values.first)
    #expect(tensors.weights.isEmpty && fault.detail.hasPrefix("is stored as IQ3_XXS, which lora"))
  }

  @Test(arguments: 0..<8) func changedBytesNeverTrap(seed: UInt64) throws {
    var random = Philox(seed: seed, stream: 0)
    for _ in 0..<60 {
      var changed = bytes
      for _ in 0...random.below(4) {
        changed[random.below(260)] = UInt8(truncatingIfNeeded: random.next())
      }
      guard let file = try? open(changed) else { continue }
      for weight in QuantizedTensors(file).weights.values {
        let count = weight.doubles(rows: 0..<weight.rowCount).count
        #expect(count == weight.shape.elementCount)
      }
    }
  }

  private static func bytes(_ number: Int, _ count: Int = 8) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func text(_ text: String) -> [UInt8] { bytes(text.utf8.count) + Array(text.utf8) }

  /// A field that is a list of items of one of GGUF's types.
  private static func list(_ key: String, type: Int, _ items: [[UInt8]]) -> [UInt8] {
    text(key) + bytes(9, 4) + bytes(type, 4) + bytes(items.count) + items.flatMap { $0 }
  }

  /// The file with more fields, padded so that its data begin at the boundary that they had.
  private func file(with fields: [[UInt8]]) throws -> GGUFFile {
    let added = fields.flatMap { $0 }
    let empty = Self.text("pad") + Self.bytes(8, 4) + Self.bytes(0)
    let room = (32 - (added.count + empty.count) % 32) % 32
    let pad = Self.text("pad") + Self.bytes(8, 4) + Self.text(String(repeating: "-", count: room))
    let count = Int(bytes[16]) + fields.count + 1
    return try open(bytes[..<16] + Self.bytes(count) + added + pad + bytes[24...])
  }

  @Test func longListsAreNamedAndShortOnesAreKept() throws {
    let file = try file(with: [
      Self.list("general.tags", type: 8, ["text", "to \"image\""].map(Self.text)),
      Self.list("sizes", type: 4, [3, 5].map { Self.bytes($0, 4) }),
      Self.list("factors", type: 6, [Self.bytes(Int(Float(0.5).bitPattern), 4)]),
      Self.list("truths", type: 7, [[1], [0]]),
      Self.list("nested", type: 9, [Self.bytes(4, 4) + Self.bytes(1) + Self.bytes(7, 4)]),
      Self.list("sixteen", type: 0, (0..<16).map { [UInt8($0)] }),
      Self.list("tokenizer.ggml.tokens", type: 8, (0..<17).map { Self.text("t\($0)") }),
      Self.list(
        "deep", type: 9, [Self.bytes(0, 4) + Self.bytes(20) + [UInt8](repeating: 1, count: 20)]),
    ])
    let metadata = file.file.header.metadata
    #expect(metadata["general.tags"] == #"["text", "to \"image\""]"#)
    #expect(metadata["sizes"] == "[3, 5]" && metadata["factors"] == "[0.5]")
    #expect(metadata["truths"] == "[true, false]" && metadata["nested"] == "[[7]]")
    #expect(metadata["sixteen"]?.hasSuffix(", 14, 15]") ?? false)
    #expect(metadata["tokenizer.ggml.tokens"] == nil && metadata["deep"] == nil)
    let long = QuantizedTensors(file).longLists
    #expect(long.map(\.key) == ["tokenizer.ggml.tokens", "deep"] && long.map(\.count) == [17, 1])
    #expect(file.blocks.count == 1)
  }
}
