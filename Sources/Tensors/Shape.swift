/// The extents of a tensor, outermost first: `[320, 4]` is 320 rows of 4.
///
/// `[]` is the shape of a scalar, which has one element.
package struct Shape: Hashable, Sendable {
  package let extents: [Int]

  package init(_ extents: [Int]) {
    precondition(extents.allSatisfy { $0 >= 0 }, "a shape has no negative extent: \(extents)")
    self.extents = extents
  }

  package var rank: Int { extents.count }

  /// The number of elements, or `nil` where it does not fit in an `Int`.
  ///
  /// A header can claim any extents; ask here before allocating.
  package var elementCount: Int? {
    if extents.contains(0) { return 0 }
    var count = 1
    for extent in extents {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      if overflows { return nil }
      count = product
    }
    return count
  }

  /// The bytes of a contiguous tensor of this shape.
  ///
  /// - Returns: `nil` where the bits do not fit in an `Int` or do not fill whole bytes.
  package func byteCount(of type: ElementType) -> Int? {
    guard let elementCount else { return nil }
    let (bits, overflows) = elementCount.multipliedReportingOverflow(by: type.bitCount)
    return overflows || bits % 8 != 0 ? nil : bits / 8
  }
}

extension Shape: CustomStringConvertible {
  package var description: String {
    "[" + extents.map(String.init).joined(separator: ", ") + "]"
  }
}

extension Shape: ExpressibleByArrayLiteral {
  package init(arrayLiteral extents: Int...) { self.init(extents) }
}
