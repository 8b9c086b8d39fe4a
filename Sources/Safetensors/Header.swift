package import Tensors

/// The checked table of contents of a safetensors file.
package struct Header: Sendable {
  package struct Entry: Hashable, Sendable {
    package let name: TensorName
    package let type: ElementType
    package let shape: Shape

    /// Where the elements lie, in bytes from the end of the header.
    package let range: Range<Int>

    package var elementCount: Int { range.count * 8 / type.bitCount }
  }

  /// In file order, covering the data without gap or overlap.
  package let entries: [Entry]

  /// Empty where the file has none, or `null`.
  package let metadata: Metadata

  private let indices: [TensorName: Int]

  package subscript(name: String) -> Entry? {
    indices[TensorName(name)].map { entries[$0] }
  }

  /// The reference implementation refuses longer headers too.
  package static let byteLimit = 100_000_000
}

extension Header {
  /// Reads and checks the JSON between the length and the data.
  ///
  /// - Parameters:
  ///   - json: The header's bytes, without the 8 bytes of its length.
  ///   - file: Named in errors.
  /// - Complexity: O(bytes), and O(n log n) where the tensors are not in the data's order.
  package static func parse(_ json: RawSpan, file: String) throws(SafetensorsError) -> Header {
    do {
      return try unsafe json.withUnsafeBytes { bytes throws(ParseFailure) in
        unsafe try Header(checking: bytes.assumingMemoryBound(to: UInt8.self))
      }
    } catch {
      throw SafetensorsError(file: file, reason: error.reason)
    }
  }

  private init(checking bytes: UnsafeBufferPointer<UInt8>) throws(ParseFailure) {
    if let offset = unsafe firstInvalidUTF8(bytes) {
      throw ParseFailure(.invalidUTF8(offset: offset))
    }
    var parser = unsafe HeaderParser(bytes)
    try parser.parse()

    var claims = parser.claims
    let isSorted = zip(claims, claims.dropFirst()).allSatisfy {
      ($0.begin, $0.end) <= ($1.begin, $1.end)
    }
    if !isSorted { claims.sort { ($0.begin, $0.end) < ($1.begin, $1.end) } }

    var entries: [Entry] = []
    entries.reserveCapacity(claims.count)
    var indices: [TensorName: Int] = Dictionary(minimumCapacity: claims.count)
    var end: UInt64 = 0
    for claim in claims {
      guard claim.begin == end, claim.begin <= claim.end, claim.end <= UInt64(Int.max) else {
        throw ParseFailure(
          .invalidOffset(claim.name, expected: end, begin: claim.begin, end: claim.end))
      }
      guard indices.updateValue(entries.count, forKey: claim.name) == nil else {
        throw ParseFailure(.duplicateTensor(claim.name))
      }
      entries.append(try Entry(claim))
      end = claim.end
    }
    self.entries = entries
    self.indices = indices
    metadata = parser.metadata ?? Metadata()
  }
}

extension Header.Entry {
  fileprivate init(_ claim: HeaderParser.Claim) throws(ParseFailure) {
    let spelled = "[\(claim.shape.map(String.init).joined(separator: ", "))]"
    var count: UInt64 = 1
    for extent in claim.shape + [UInt64(claim.type.bitCount)] {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      if overflows { throw ParseFailure(.sizeOverflow(claim.name, shape: spelled)) }
      count = product
    }
    if count % 8 != 0 {
      throw ParseFailure(.partialByte(claim.name, shape: spelled, type: claim.type))
    }
    guard count / 8 == claim.end - claim.begin else {
      let bytes = claim.end - claim.begin
      throw ParseFailure(
        .sizeMismatch(claim.name, shape: spelled, type: claim.type, bytes: bytes))
    }
    name = claim.name
    type = claim.type
    // Only a tensor without elements can have an extent that does not fit.
    shape = Shape(claim.shape.map { Int(clamping: $0) })
    range = Int(claim.begin)..<Int(claim.end)
  }
}

/// The offset of the first byte that is not UTF-8; `nil` where all are.
private func firstInvalidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
  if unsafe bytes.allSatisfy({ $0 < 0x80 }) { return nil }
  do {
    _ = try unsafe UTF8Span(validating: Span(_unsafeElements: bytes))
    return nil
  } catch {
    return error.byteOffsets.lowerBound
  }
}
