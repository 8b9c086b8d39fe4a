import Files
import Safetensors
import Tensors

/// Parses the header of an untrusted GGUF file: every count is checked against the remaining bytes
/// before it is used.
///
/// Source: ggml-org/ggml `docs/gguf.md`.
struct GGUFParser {
  private var reader: ByteReader
  private let file: String

  init(_ file: MappedFile) {
    reader = ByteReader(file)
    self.file = file.path
  }

  struct Contents {
    let entries: [Header.Entry]
    let blocks: [TensorName: BlockTensor]
    let metadata: Metadata
    let longLists: [(key: String, count: Int)]
    let dataOffset: Int
  }

  mutating func contents() throws(GGUFError) -> Contents {
    do throws(ByteReader.Failure) {
      return try parsed()
    } catch {
      throw GGUFError(file: file, detail: error.detail)
    }
  }

  private mutating func parsed() throws(ByteReader.Failure) -> Contents {
    _ = try reader.bytes(4)
    let version = try reader.integer(UInt32.self)
    guard version == 2 || version == 3 else {
      let isSwapped = version.byteSwapped == 2 || version.byteSwapped == 3
      throw .init(
        isSwapped
          ? "is a GGUF file of a big-endian machine; convert it anew"
          : "is a GGUF file of version \(version); lora reads 2 and 3")
    }
    let tensorCount = try reader.count(atLeast: 24)
    let fieldCount = try reader.count(atLeast: 13)
    var fields = GGUFFields()
    for _ in 0..<fieldCount { try fields.read(&reader) }
    let alignment = fields.alignment
    guard alignment > 0, alignment <= 1 << 20, alignment.nonzeroBitCount == 1 else {
      throw .init("asks for an alignment of \(alignment) bytes; is the file damaged?")
    }
    var claims: [Claim] = []
    for _ in 0..<tensorCount { claims.append(try claim(fields)) }
    let dataOffset = (reader.position + alignment - 1) / alignment * alignment
    let entries = try checked(
      claims, dataByteCount: max(0, reader.byteCount - dataOffset), alignment)
    return Contents(
      entries: entries,
      blocks: Dictionary(
        claims.compactMap { claim in claim.block.map { (claim.name, $0) } },
        uniquingKeysWith: { first, _ in first }),
      metadata: fields.metadata, longLists: fields.longLists, dataOffset: dataOffset)
  }

  /// The description of a tensor in the header.
  private struct Claim {
    let name: TensorName
    let type: ElementType
    let shape: Shape
    let byteCount: Int
    let offset: UInt64
    let block: BlockTensor?
  }

  private mutating func claim(_ fields: GGUFFields) throws(ByteReader.Failure) -> Claim {
    let text = try reader.string()
    let name = TensorName(text)
    let rank = try reader.integer(UInt32.self)
    guard rank <= 4 else { throw .init("tensor '\(name)' has \(rank) extents, more than 4") }
    var extents: [Int] = []
    for _ in 0..<rank {
      guard let extent = Int(exactly: try reader.integer(UInt64.self)) else {
        throw .init("tensor '\(name)' has an extent beyond 63 bits; is the file damaged?")
      }
      // The innermost extent comes first in the file.
      extents.insert(extent, at: 0)
    }
    let number = try reader.integer(UInt32.self)
    let offset = try reader.integer(UInt64.self)
    let shape = Shape(extents)
    guard let count = shape.elementCount else {
      throw .init("tensor '\(name)' of shape \(shape) has more elements than 64 bits count")
    }
    let own = fields.shapes[text].map(Shape.init) ?? shape
    guard own.elementCount == count else {
      throw .init(
        "tensor '\(name)' of shape \(shape) is said to have been \(own); is the file damaged?")
    }
    if let type = BlockType.plain[number] {
      guard let byteCount = own.byteCount(of: type) else {
        throw .init("tensor '\(name)' of shape \(shape) has more bytes than 64 bits count")
      }
      return Claim(
        name: name, type: type, shape: own, byteCount: byteCount, offset: offset, block: nil)
    }
    guard let type = BlockType.all[number] else {
      throw .init("tensor '\(name)' is of ggml's type \(number), which lora does not know")
    }
    guard let row = extents.last, row % type.count == 0 else {
      throw .init("tensor '\(name)' of shape \(shape) does not fill whole blocks of \(type.name)")
    }
    let (byteCount, overflows) = (count / type.count).multipliedReportingOverflow(
      by: type.byteCount)
    if overflows {
      throw .init("tensor '\(name)' of shape \(shape) has more bytes than 64 bits count")
    }
    return Claim(
      name: name, type: .uint8,
      shape: Shape(extents.dropLast() + [row / type.count * type.byteCount]),
      byteCount: byteCount, offset: offset, block: BlockTensor(type: type, shape: own))
  }

  /// The tensors in the order of their data, checked to be in bounds and not to overlap.
  private func checked(
    _ claims: [Claim], dataByteCount: Int, _ alignment: Int
  ) throws(ByteReader.Failure) -> [Header.Entry] {
    var names: Set<TensorName> = []
    var end = 0
    var entries: [Header.Entry] = []
    for claim in claims.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
      guard names.insert(claim.name).inserted else {
        throw .init("tensor '\(claim.name)' is described twice; is the file damaged?")
      }
      guard let offset = Int(exactly: claim.offset), offset >= end, offset % alignment == 0,
        offset <= dataByteCount, claim.byteCount <= dataByteCount - offset
      else {
        throw .init(
          "tensor '\(claim.name)' of \(claim.byteCount) bytes lies at \(claim.offset), over another or beyond the \(dataByteCount) bytes of data; is the download complete?"
        )
      }
      end = offset + claim.byteCount
      entries.append(
        Header.Entry(
          name: claim.name, type: claim.type, shape: claim.shape, range: offset..<end))
    }
    return entries
  }
}
