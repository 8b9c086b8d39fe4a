// Not the standard library's `random` and `shuffle`, which may draw otherwise in its next version.
extension Philox {
  /// A number from 0 up to 1, of 53 random bits.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A whole number from 0 up to `limit`.
  package mutating func below(_ limit: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(limit)).high)
  }

  /// Brings a list into any of its orders (Fisher and Yates, from the end).
  package mutating func shuffle<Element>(_ list: inout [Element]) {
    for last in stride(from: list.count - 1, to: 0, by: -1) {
      list.swapAt(last, below(last + 1))
    }
  }
}
