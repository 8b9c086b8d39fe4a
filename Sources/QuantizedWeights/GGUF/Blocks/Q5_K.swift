/// 256 numbers: d · s · q − dmin · m, with 5-bit q whose top bits are stored separately; s and m as
/// in `Q4_K`.
enum Q5_K: BlockCode {
  static let number: UInt32 = 13
  static let count = 256
  static let byteCount = 176

  static func decode(_ block: Block, to numbers: inout [Double]) {
    for group in 0..<8 {
      let (scale, least) = block.scales(group)
      for index in 0..<32 {
        let low = block[48 + group / 2 * 32 + index] >> (group % 2 * 4) & 15
        let code = low | (block[16 + index] >> group & 1) << 4
        numbers.append(scale * Double(code) - least)
      }
    }
  }
}
