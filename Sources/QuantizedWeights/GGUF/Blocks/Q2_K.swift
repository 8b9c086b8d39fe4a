/// 256 numbers: d · s · q − dmin · m, with 2-bit q; s and m have 4 bits per group of 16 numbers.
enum Q2_K: BlockCode {
  static let number: UInt32 = 10
  static let count = 256
  static let byteCount = 84

  static func decode(_ block: Block, to numbers: inout [Double]) {
    let (d, dmin) = (block.half(80), block.half(82))
    for group in 0..<8 {
      let (half, shift) = (group / 4, group % 4 * 2)
      for index in 0..<32 {
        let scale = block[group * 2 + index / 16]
        let code = block[16 + half * 32 + index] >> shift & 3
        numbers.append(d * Double(scale & 15) * Double(code) - dmin * Double(scale >> 4))
      }
    }
  }
}
