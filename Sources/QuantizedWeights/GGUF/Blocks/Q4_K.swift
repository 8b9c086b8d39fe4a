/// 256 numbers: d · s · q − dmin · m, with 4-bit q; s and m have 6 bits per group of 32 numbers.
enum Q4_K: BlockCode {
  static let number: UInt32 = 12
  static let count = 256
  static let byteCount = 144

  static func decode(_ block: Block, to numbers: inout [Double]) {
    for group in 0..<8 {
      let (scale, least) = block.scales(group)
      for index in 0..<32 {
        let code = block[16 + group / 2 * 32 + index] >> (group % 2 * 4) & 15
        numbers.append(scale * Double(code) - least)
      }
    }
  }
}

extension Block {
  /// d · s and dmin · m of a group of 32 numbers; `Q4_K` and `Q5_K` pack eight of both in 12 bytes.
  func scales(_ group: Int) -> (scale: Double, least: Double) {
    let (scale, least): (UInt8, UInt8)
    if group < 4 {
      (scale, least) = (self[4 + group] & 63, self[8 + group] & 63)
    } else {
      scale = self[8 + group] & 15 | (self[group] >> 6) << 4
      least = self[8 + group] >> 4 | (self[4 + group] >> 6) << 4
    }
    return (half(0) * Double(scale), half(2) * Double(least))
  }
}
