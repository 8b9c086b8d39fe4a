/// The position of a block's scale in cuBLAS's order of scales: tiles of 128 rows × 4 blocks.
///
/// The scales are padded with zeros to full tiles. A tile holds 32 × 16 scales: those of rows r,
/// r + 32, r + 64 and r + 96, four blocks each.
///
/// Source: NVIDIA's cuBLAS documentation, "1D block scaling factors layout";
/// Comfy-Org/comfy-kitchen `float_utils.py`.
struct BlockedScales: Hashable, Sendable {
  let rows: Int

  /// The number of blocks per row.
  let blocks: Int

  private var tilesAcross: Int { (blocks + 3) / 4 }

  /// The extents of the tensor that holds them.
  var paddedRows: Int { (rows + 127) / 128 * 128 }
  var paddedBlocks: Int { tilesAcross * 4 }
  var count: Int { paddedRows * paddedBlocks }

  /// The range of positions of some rows' scales, including those in between.
  func places(of rows: Range<Int>) -> Range<Int> {
    if rows.isEmpty { return 0..<0 }
    let tiles = rows.lowerBound / 128..<(rows.upperBound - 1) / 128 + 1
    return tiles.times(tilesAcross * 512)
  }

  @inline(__always)
  func place(row: Int, block: Int) -> Int {
    let tile = row / 128 * tilesAcross + block / 4
    return tile * 512 + row % 32 * 16 + row % 128 / 32 * 4 + block % 4
  }
}

extension [Float] {
  /// Divides each block by its scale; by a scale of 0 finite numbers become 0, others NaN.
  mutating func divide(blocksOf size: Int, by scales: [Float]) {
    unsafe withUnsafeMutableBufferPointer { buffer in
      for (block, scale) in scales.enumerated() {
        let range = block * size..<(block + 1) * size
        if scale == 0 {
          for index in range { unsafe buffer[index] *= 0 }
        } else {
          for index in range { unsafe buffer[index] /= scale }
        }
      }
    }
  }

  /// Multiplies each block by its scale.
  mutating func multiply(blocksOf size: Int, by scales: [Float]) {
    unsafe withUnsafeMutableBufferPointer { buffer in
      for (block, scale) in scales.enumerated() {
        for index in block * size..<(block + 1) * size { unsafe buffer[index] *= scale }
      }
    }
  }
}
