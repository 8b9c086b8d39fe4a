package import Tensors

/// The checked table of contents of a safetensors file.
package struct Header: Sendable {
  package struct Entry: Hashable, Sendable {
    package let name: TensorName
    package let type: ElementType
    package let shape: Shape

    /// The bytes of the elements, counted from the end of the header.
    package let range: Range<Int>

    package let elementCount: Int
  }

  /// The tensors in file order; they cover the data without gap or overlap.
  package let entries: [Entry]

  /// Empty where the file has none, or `null`.
  package let metadata: Metadata

  private let indices: [TensorName: Int]

  /// What another container says of its tensors, which may lie with gaps.
  ///
  /// - Parameter entries: Checked, each name once.
  package init(entries: [Entry], metadata: Metadata) {
    self.entries = entries
    self.metadata = metadata
    indices = Dictionary(
      entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

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
      return try unsafe json.withUnsafeBytes { bytes throws(SafetensorsError.Reason) in
        unsafe try Header(checking: bytes.assumingMemoryBound(to: UInt8.self))
      }
    } catch {
      throw SafetensorsError(file: file, reason: error)
    }
  }

  private init(checking bytes: UnsafeBufferPointer<UInt8>) throws(SafetensorsError.Reason) {
    if let offset = unsafe firstInvalidUTF8(bytes) {
      throw .invalidUTF8(offset: offset)
    }
    var parser = unsafe HeaderParser(bytes)
    try parser.parse()

    var entries: [Entry] = []
    entries.reserveCapacity(parser.claims.count)
    var indices: [TensorName: Int] = Dictionary(minimumCapacity: parser.claims.count)
    var end: UInt64 = 0
    for claim in sorted(parser.claims) {
      guard indices.updateValue(entries.count, forKey: claim.name) == nil else {
        throw .duplicateTensor(claim.name)
      }
      guard claim.begin == end, claim.begin <= claim.end, claim.end <= UInt64(Int.max) else {
        throw .invalidOffset(claim.name, expected: end, begin: claim.begin, end: claim.end)
      }
      entries.append(try Entry(claim))
      end = claim.end
    }
    self.entries = entries
    self.indices = indices
    metadata = parser.metadata ?? Metadata()
  }
}

/// Claims in the order of their data, which is that of most headers; of tensors without elements
/// at one place the first stays the first.
private func sorted(_ claims: [HeaderParser.Claim]) -> [HeaderParser.Claim] {
  let places = claims.indices.map { (begin: claims[$0].begin, end: claims[$0].end, index: $0) }
  let isSorted = zip(places, places.dropFirst()).allSatisfy { $0 <= $1 }
  return isSorted ? claims : places.sorted { $0 < $1 }.map { claims[$0.index] }
}

extension Header.Entry {
  /// Believes a claim whose shape fills its bytes.
  fileprivate init(_ claim: HeaderParser.Claim) throws(SafetensorsError.Reason) {
    guard let elementCount = product(of: claim.shape),
      let bitCount = product(elementCount, UInt64(claim.type.bitCount))
    else {
      throw .sizeOverflow(claim.name, shape: claim.spelledShape)
    }
    if bitCount % 8 != 0 {
      throw .partialByte(claim.name, shape: claim.spelledShape, type: claim.type)
    }
    let byteCount = claim.end - claim.begin
    guard bitCount / 8 == byteCount else {
      throw .sizeMismatch(
        claim.name, shape: claim.spelledShape, type: claim.type, bytes: byteCount)
    }
    name = claim.name
    type = claim.type
    // Only a tensor without elements can have an extent that does not fit.
    shape = Shape(claim.shape.map { Int(clamping: $0) })
    range = Int(claim.begin)..<Int(claim.end)
    self.elementCount = Int(elementCount)
  }
}

extension HeaderParser.Claim {
  fileprivate var spelledShape: String {
    "[\(shape.map(String.init).joined(separator: ", "))]"
  }
}

/// The product of extents from the outermost on, `nil` where 64 bits do not hold it.
///
/// As in the reference implementation, a zero prevents overflow only by the extents after it.
private func product(of extents: [UInt64]) -> UInt64? {
  var result: UInt64 = 1
  for extent in extents {
    guard let larger = product(result, extent) else { return nil }
    result = larger
  }
  return result
}

private func product(_ a: UInt64, _ b: UInt64) -> UInt64? {
  let (product, overflows) = a.multipliedReportingOverflow(by: b)
  return overflows ? nil : product
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
