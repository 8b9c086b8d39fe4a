/// 256 numbers: d · (s − 32) · q, with 3-bit q whose top bits are stored separately and subtract 4
/// if they are 0; s has 6 bits per group of 16 numbers.
enum Q3_K: BlockCode {
  static let number: UInt32 = 11
  static let count = 256
  static let byteCount = 110

  static func decode(_ block: Block, to numbers: inout [Double]) {
    let d = block.half(108)
    for group in 0..<8 {
      let (half, shift) = (group / 4, group % 4 * 2)
      for index in 0..<32 {
        let low = Int(block[32 + half * 32 + index] >> shift & 3)
        let isHigh = block[index] >> group & 1 == 1
        let scale = scale(block, group * 2 + index / 16)
        numbers.append(d * Double(scale) * Double(isHigh ? low : low - 4))
      }
    }
  }

  /// Reads a scale: the lower four bits of 16 scales are in 8 bytes, the upper two in 4.
  private static func scale(_ block: Block, _ index: Int) -> Int {
    let low = block[96 + index % 8] >> (index < 8 ? 0 : 4) & 15
    let high = block[104 + index % 4] >> (index / 4 * 2) & 3
    return Int(low | high << 4) - 32
  }
}
