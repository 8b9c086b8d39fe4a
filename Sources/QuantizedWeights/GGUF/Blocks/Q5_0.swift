/// 32 numbers: d · (q − 16), with 5-bit q whose top bits are stored separately.
enum Q5_0: BlockCode {
  static let number: UInt32 = 6
  static let count = 32
  static let byteCount = 22

  static func decode(_ block: Block, to numbers: inout [Double]) {
    let d = block.half(0)
    for index in 0..<count {
      let code = block.nibble(index, in: 6) | block.bit(index, in: 2) << 4
      numbers.append(d * Double(Int(code) - 16))
    }
  }
}
