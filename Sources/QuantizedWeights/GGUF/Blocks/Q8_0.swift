/// 32 numbers: d · q, with 8-bit q.
enum Q8_0: BlockCode {
  static let number: UInt32 = 8
  static let count = 32
  static let byteCount = 34

  static func decode(_ block: Block, to numbers: inout [Double]) {
    let d = block.half(0)
    for index in 0..<count { numbers.append(d * Double(block.signed(2 + index))) }
  }
}
