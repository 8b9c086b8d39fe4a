/// 32 numbers: d · (q − 8), of 4 bits; the lower halves of the bytes are the first 16.
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
  /// Four bits of 16 bytes: the lower halves, then the upper ones.
  func nibble(_ index: Int, in first: Int) -> UInt8 {
    self[first + index % 16] >> (index < 16 ? 0 : 4) & 15
  }

  /// A bit of some bytes, the lowest of the first byte first.
  func bit(_ index: Int, in first: Int) -> UInt8 { self[first + index / 8] >> (index % 8) & 1 }
}
