/// 256 numbers: d · s · (q − 32), with 6-bit q whose upper two bits are stored separately; s has 8
/// bits per group of 16 numbers.
enum Q6_K: BlockCode {
  static let number: UInt32 = 14
  static let count = 256
  static let byteCount = 210

  static func decode(_ block: Block, to numbers: inout [Double]) {
    let d = block.half(208)
    for group in 0..<8 {
      let (half, quarter) = (group / 4, group % 4)
      for index in 0..<32 {
        let low = block[half * 64 + quarter % 2 * 32 + index] >> (quarter / 2 * 4) & 15
        let high = block[128 + half * 32 + index] >> (quarter * 2) & 3
        let scale = block.signed(192 + group * 2 + index / 16)
        numbers.append(d * Double(scale) * Double(Int(low | high << 4) - 32))
      }
    }
  }
}
