/// 32 numbers: d · (q − 8), with 4-bit q; the lower nibbles are the first 16 numbers.
enum Q4_0: BlockCode {
  static let number: UInt32 = 2
  static let count = 32
  static let byteCount = 18

  static func decode(_ block: Block, to numbers: inout [Double]) {
    let d = block.half(0)
    for index in 0..<count {
      numbers.append(d * Double(Int(block.nibble(index, in: 2)) - 8))
    }
  }
}

extension Block {
  /// Reads a nibble of 16 bytes: first the lower nibbles, then the upper ones.
  func nibble(_ index: Int, in first: Int) -> UInt8 {
    self[first + index % 16] >> (index < 16 ? 0 : 4) & 15
  }

  /// Reads a bit of some bytes, starting at the lowest bit of the first byte.
  func bit(_ index: Int, in first: Int) -> UInt8 { self[first + index / 8] >> (index % 8) & 1 }
}
