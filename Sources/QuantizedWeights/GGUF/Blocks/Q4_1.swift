/// 32 numbers: d · q + m, with 4-bit q.
enum Q4_1: BlockCode {
  static let number: UInt32 = 3
  static let count = 32
  static let byteCount = 20

  static func decode(_ block: Block, to numbers: inout [Double]) {
    let (d, m) = (block.half(0), block.half(2))
    for index in 0..<count { numbers.append(d * Double(block.nibble(index, in: 4)) + m) }
  }
}
