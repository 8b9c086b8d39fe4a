package import Files
package import Safetensors
import Tensors

/// An open GGUF file: its tensors as those of a safetensors file, and how their blocks are read.
///
/// A tensor of blocks is one of bytes: its last extent is the bytes of a row. Metadata are those
/// that are words and numbers, and lists of up to 16.
package struct GGUFFile: Sendable {
  package let file: SafetensorsFile

  /// The storage of tensors of blocks, by their names.
  let blocks: [TensorName: BlockTensor]

  /// Lists that metadata do not hold, such as a vocabulary: their keys, and how long they are.
  let longLists: [(key: String, count: Int)]

  /// - Throws: Where a byte is not what the format asks for.
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

  /// Whether a file begins as GGUF does.
  package static func begins(_ file: MappedFile) -> Bool { file.withBytes(begins) }

  private static func begins(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= magic.count else { return false }
    return unsafe bytes.extracting(0..<magic.count).withUnsafeBytes { unsafe Array($0) } == magic
  }

  /// The number of bytes to read of a stream that is GGUF or safetensors.
  package static func wantedByteCount(_ bytes: RawSpan) -> Int {
    if bytes.byteCount < magic.count { return magic.count }
    return begins(bytes) ? .max : SafetensorsFile.wantedByteCount(bytes)
  }
}

/// A tensor that is stored in blocks.
struct BlockTensor: Sendable {
  /// The type as ggml calls it, such as `Q4_K`.
  let type: BlockType
  let shape: Shape
}

/// Why a file is no GGUF that we can use.
package struct GGUFError: Error, Hashable, CustomStringConvertible {
  package let file: String
  package let detail: String

  package var description: String { "\(file): \(detail)" }
}
