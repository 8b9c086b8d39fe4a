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
    let count = before.count
    precondition(added.count == count && stored.count == count, "\(count) numbers")
    let sums = unsafe sums(before, added, stored, count: count)
    askedSquared += sums[0]
    errorSquared += sums[1]
    product += sums[2]
    storedSquared += sums[3]
  }

  /// Counts changed codes.
  ///
  /// - Parameter bitCount: The size of one code: 4 or a multiple of 8.
  package mutating func add(codes: [UInt8], before: [UInt8], bitCount: Int) {
    precondition(codes.count == before.count, "\(codes.count) bytes for \(before.count)")
    codeCount += codes.count * 8 / bitCount
    let width = max(1, bitCount / 8)
    if bitCount == 4 {
      changedCodes += Self.count(codes, before) {
        ($0 & 0xF0 == 0 ? 0 : 1) &+ ($0 & 0x0F == 0 ? 0 : 1)
      }
    } else if width == 1 {
      // The upper bit of d | −d tells whether d is 0, without a branch.
      changedCodes += Self.count(codes, before) { ($0 | (0 &- $0)) &>> 7 }
    } else {
      for start in stride(from: 0, to: codes.count, by: width)
      where codes[start..<start + width] != before[start..<start + width] {
        changedCodes += 1
      }
    }
  }

  /// The sum of what each byte's difference counts: 2 at most.
  @inline(__always)
  private static func count(
    _ codes: [UInt8], _ before: [UInt8], _ changes: (_ difference: UInt8) -> UInt8
  ) -> Int {
    var total = 0
    unsafe codes.withUnsafeBufferPointer { codes in
      unsafe before.withUnsafeBufferPointer { before in
        // So few that 8 bits hold their sum.
        for start in stride(from: 0, to: codes.count, by: 64) {
          var sum: UInt8 = 0
          for index in start..<min(start &+ 64, codes.count) {
            sum &+= unsafe changes(codes[index] ^ before[index])
          }
          total &+= Int(sum)
        }
      }
    }
    return total
  }
}

/// Σ added², Σ lost², Σ change · added and Σ stored²: short sums in 32 bits, all of them in 64.
private func sums(
  _ before: UnsafePointer<Float>, _ added: UnsafePointer<Float>, _ stored: UnsafePointer<Float>,
  count: Int
) -> SIMD4<Double> {
  var totals = SIMD4<Double>.zero
  let whole = count / 4 * 4
  for start in stride(from: 0, to: whole, by: 512) {
    let lanes = unsafe laneSums(
      UnsafeRawPointer(before + start), UnsafeRawPointer(added + start),
      UnsafeRawPointer(stored + start), count: min(512, whole - start))
    totals += lanes
  }
  for index in whole..<count {
    let (number, addend) = unsafe (stored[index], added[index])
    let change = unsafe number - before[index]
    let lost = change - addend
    totals += SIMD4(
      Double(addend * addend), Double(lost * lost), Double(change * addend),
      Double(number * number))
  }
  return totals
}

/// The same of some numbers, a multiple of 4.
private func laneSums(
  _ before: UnsafeRawPointer, _ added: UnsafeRawPointer, _ stored: UnsafeRawPointer, count: Int
) -> SIMD4<Double> {
  typealias Lanes = SIMD4<Float>
  var (asked, error, product, norm) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  var place = 0
  while place < count &* 4 {
    let addend = unsafe added.loadUnaligned(fromByteOffset: place, as: Lanes.self)
    let number = unsafe stored.loadUnaligned(fromByteOffset: place, as: Lanes.self)
    let change = unsafe number - before.loadUnaligned(fromByteOffset: place, as: Lanes.self)
    let lost = change - addend
    asked += addend * addend
    error += lost * lost
    product += change * addend
    norm += number * number
    place &+= 16
  }
  return SIMD4(
    Double(asked.sum()), Double(error.sum()), Double(product.sum()), Double(norm.sum()))
}

/// The element-wise sum.
package func sum(_ a: [Float], _ b: [Float]) -> [Float] {
  precondition(a.count == b.count, "\(a.count) and \(b.count) numbers")
  var result = a
  for index in result.indices { result[index] += b[index] }
  return result
}
