/// How much of an update is left after the changed weights were encoded.
package struct Survival: Sendable {
  /// ‖added‖².
  package private(set) var askedSquared = 0.0

  /// ‖stored − asked‖².
  package private(set) var errorSquared = 0.0

  /// ⟨stored − before, added⟩.
  private var product = 0.0

  /// ‖stored‖².
  private var storedSquared = 0.0
  private var changedCodes = 0
  private var codeCount = 0

  /// The number of weights that were encoded.
  package var weightCount = 0

  /// The schemes that they had before.
  package var schemes: Set<String> = []

  package init() {}
}

extension Survival {
  /// The share of the update's norm that is left along its own direction; 1 if nothing was added.
  package var normKept: Double { askedSquared > 0 ? product / askedSquared : 1 }

  /// The share of codes that changed; `nil` if the weights left their scheme.
  package var codesChanged: Double? {
    codeCount > 0 ? Double(changedCodes) / Double(codeCount) : nil
  }

  /// The rounding error as a share of the norm of the weights.
  package var noise: Double {
    storedSquared > 0 ? (errorSquared / storedSquared).squareRoot() : 0
  }

  /// Whether less than half of the update is left, or the numbers are not finite.
  package var isMostlyLost: Bool { !(normKept >= 0.5) || !errorSquared.isFinite }

  package static func + (a: Survival, b: Survival) -> Survival {
    var sum = a
    sum.askedSquared += b.askedSquared
    sum.errorSquared += b.errorSquared
    sum.product += b.product
    sum.storedSquared += b.storedSquared
    sum.changedCodes += b.changedCodes
    sum.codeCount += b.codeCount
    sum.weightCount += b.weightCount
    sum.schemes.formUnion(b.schemes)
    return sum
  }
}

extension Survival {
  /// Adds some numbers to the sums.
  ///
  /// - Parameters:
  ///   - before: The numbers before the update.
  ///   - stored: The decoded numbers after it.
  package mutating func add(before: [Float], added: [Float], stored: [Float]) {
    var sums = Sums()
    let count = before.count
    precondition(added.count == count && stored.count == count, "\(count) numbers")
    unsafe before.withUnsafeBytes { before in
      unsafe added.withUnsafeBytes { added in
        unsafe stored.withUnsafeBytes { stored in
          let whole = count / 8 * 8
          for index in stride(from: 0, to: whole, by: 8) {
            let place = index * 4
            sums.add(
              unsafe before.loadUnaligned(fromByteOffset: place, as: SIMD8<Float>.self),
              unsafe added.loadUnaligned(fromByteOffset: place, as: SIMD8<Float>.self),
              unsafe stored.loadUnaligned(fromByteOffset: place, as: SIMD8<Float>.self))
            if index % 1024 == 0 { sums.settle() }
          }
          for index in whole..<count {
            func lane(_ bytes: UnsafeRawBufferPointer) -> SIMD8<Float> {
              var lanes = SIMD8<Float>(repeating: 0)
              unsafe lanes[0] = bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
              return lanes
            }
            unsafe sums.add(lane(before), lane(added), lane(stored))
          }
        }
      }
    }
    sums.settle()
    askedSquared += sums.totals[0]
    errorSquared += sums.totals[1]
    product += sums.totals[2]
    storedSquared += sums.totals[3]
  }

  /// Counts changed codes.
  ///
  /// - Parameter bitCount: The size of one code: 4 or a multiple of 8.
  package mutating func add(codes: [UInt8], before: [UInt8], bitCount: Int) {
    precondition(codes.count == before.count, "\(codes.count) bytes for \(before.count)")
    codeCount += codes.count * 8 / bitCount
    let width = max(1, bitCount / 8)
    for start in stride(from: 0, to: codes.count, by: width) {
      if bitCount == 4 {
        let difference = codes[start] ^ before[start]
        changedCodes += (difference & 0xF0 == 0 ? 0 : 1) + (difference & 0x0F == 0 ? 0 : 1)
      } else if width == 1 {
        changedCodes += codes[start] == before[start] ? 0 : 1
      } else if codes[start..<start + width] != before[start..<start + width] {
        changedCodes += 1
      }
    }
  }
}

/// Sums of squares and products; blocks are summed in 32 bits, the total in 64.
private struct Sums {
  private var asked = SIMD8<Float>(repeating: 0)
  private var error = SIMD8<Float>(repeating: 0)
  private var product = SIMD8<Float>(repeating: 0)
  private var norm = SIMD8<Float>(repeating: 0)
  private(set) var totals = SIMD4<Double>(repeating: 0)

  @inline(__always)
  mutating func add(_ before: SIMD8<Float>, _ added: SIMD8<Float>, _ stored: SIMD8<Float>) {
    let change = stored - before
    let lost = change - added
    asked += added * added
    error += lost * lost
    product += change * added
    norm += stored * stored
  }

  @inline(__always)
  mutating func settle() {
    totals += SIMD4(
      Double(asked.sum()), Double(error.sum()), Double(product.sum()), Double(norm.sum()))
    (asked, error, product, norm) = (.zero, .zero, .zero, .zero)
  }
}

/// The element-wise sum.
package func sum(_ a: [Float], _ b: [Float]) -> [Float] {
  precondition(a.count == b.count, "\(a.count) and \(b.count) numbers")
  var result = a
  for index in result.indices { result[index] += b[index] }
  return result
}
