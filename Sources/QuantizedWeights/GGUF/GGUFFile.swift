package import Files
package import Safetensors
import Tensors

/// An open GGUF file: its tensors as those of a safetensors file, and the decoders of their blocks.
///
/// A tensor of blocks becomes a tensor of bytes whose last extent is the bytes per row. Metadata
/// contain strings, numbers and lists of up to 16 values.
package struct GGUFFile: Sendable {
  package let file: SafetensorsFile

  /// The block types of tensors of blocks, by name.
  let blocks: [TensorName: BlockTensor]

  /// The keys and the lengths of longer lists, such as a vocabulary, which metadata do not hold.
  let longLists: [(key: String, count: Int)]

  /// - Throws: If a byte violates the format.
  package init(_ file: MappedFile) throws(GGUFError) {
    var parser = GGUFParser(file)
    let contents = try parser.contents()
    self.file = SafetensorsFile(
      file, header: Header(entries: contents.entries, metadata: contents.metadata),
      dataOffset: contents.dataOffset)
    blocks = contents.blocks
    longLists = contents.longLists
  }

  private static let magic = Array("GGUF".utf8)

  /// Whether a file begins like GGUF.
  package static func begins(_ file: MappedFile) -> Bool { file.withBytes(begins) }

  private static func begins(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= magic.count else { return false }
    return unsafe bytes.extracting(0..<magic.count).withUnsafeBytes { unsafe Array($0) } == magic
  }

  /// The number of header bytes to read from a stream that is GGUF or safetensors.
  package static func wantedByteCount(_ bytes: RawSpan) -> Int {
    if bytes.byteCount < magic.count { return magic.count }
    return begins(bytes) ? .max : SafetensorsFile.wantedByteCount(bytes)
  }
}

/// A tensor that is stored in blocks.
struct BlockTensor: Sendable {
  /// The type under ggml's name, such as `Q4_K`.
  let type: BlockType
  let shape: Shape
}

/// The reason why a file is not a usable GGUF file.
package struct GGUFError: Error, Hashable, CustomStringConvertible {
  package let file: String
  package let detail: String

  package var description: String { "\(file): \(detail)" }
}
