/// 32 numbers: d · q + m, with 5-bit q whose top bits are stored separately.
enum Q5_1: BlockCode {
  static let number: UInt32 = 7
  static let count = 32
  static let byteCount = 24

  static func decode(_ block: Block, to numbers: inout [Double]) {
    let (d, m) = (block.half(0), block.half(2))
    for index in 0..<count {
      let code = block.nibble(index, in: 8) | block.bit(index, in: 4) << 4
      numbers.append(d * Double(code) + m)
    }
  }
}
