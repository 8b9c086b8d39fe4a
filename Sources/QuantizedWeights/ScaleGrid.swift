import Tensors

/// Assigns one scale to each cell of a matrix.
///
/// A cell is the whole matrix, a row, a part of a row, or a block of rows and columns.
struct ScaleGrid: Hashable, Sendable {
  let rows: Int
  let columns: Int

  /// The rows and columns per cell; the last cells may be smaller.
  let height: Int
  let width: Int

  /// The number of cells per row.
  var across: Int { max(1, (columns + width - 1) / width) }

  /// The number of rows of cells.
  var down: Int { max(1, (rows + height - 1) / height) }

  /// - Returns: `nil` if the scales do not have such an order.
  init?(scales: Shape, of weight: Shape) {
    guard let rows = weight.extents.first, let count = scales.elementCount else { return nil }
    self.rows = rows
    columns = weight.extents.dropFirst().reduce(1, *)
    var extents = scales.extents
    while extents.count > 2, extents.last == 1 { extents.removeLast() }
    if count == 1 { extents = [1, 1] }
    // A list has one scale per row; a table has blocks of rows.
    guard extents.count == 2 || extents == [rows],
      let height = Self.side(rows, cells: extents[0]),
      let width = Self.side(columns, cells: extents.count == 2 ? extents[1] : 1)
    else { return nil }
    self.height = height
    self.width = width
  }

  /// The side of a cell.
  ///
  /// The last of DeepSeek's blocks of 128 may be shorter; other blocks have equal sides.
  private static func side(_ length: Int, cells: Int) -> Int? {
    if cells == 1 { return max(1, length) }
    if cells == length { return 1 }
    if cells > 0 && (length + 127) / 128 == cells { return 128 }
    return cells > 0 && length % cells == 0 ? length / cells : nil
  }

  /// The cells that contain some rows.
  func cells(of rows: Range<Int>) -> Range<Int> {
    if rows.isEmpty { return 0..<0 }
    return rows.lowerBound / height * across..<((rows.upperBound - 1) / height + 1) * across
  }

  /// Calls a function for each run of numbers that share a scale.
  ///
  /// - Parameter body: Receives the run, counted from the first number of `rows`, and the cell,
  ///   counted from the first of `cells(of: rows)`.
  @inline(__always)
  func forEachStretch(of rows: Range<Int>, _ body: (_ numbers: Range<Int>, _ cell: Int) -> Void) {
    var start = 0
    for row in rows {
      var cell = (row / height - rows.lowerBound / height) * across
      let end = start + columns
      while start < end {
        let next = min(start + width, end)
        body(start..<next, cell)
        start = next
        cell += 1
      }
    }
  }

  /// Multiplies the numbers of some rows by their scales.
  @inline(__always)
  func multiply<Number: FloatingPoint>(
    _ numbers: inout [Number], by scales: [Number], rows: Range<Int>
  ) {
    unsafe numbers.withUnsafeMutableBufferPointer { buffer in
      forEachStretch(of: rows) { stretch, cell in
        let scale = scales[cell]
        for index in stretch { unsafe buffer[index] *= scale }
      }
    }
  }

  /// Divides the numbers of some rows by their scales.
  func divide(_ numbers: inout [Float], by scales: [Float], rows: Range<Int>) {
    unsafe numbers.withUnsafeMutableBufferPointer { buffer in
      forEachStretch(of: rows) { stretch, cell in
        let scale = scales[cell]
        for index in stretch { unsafe buffer[index] /= scale }
      }
    }
  }

  /// Raises the largest magnitudes of cells to those of some rows; ignores NaN.
  ///
  /// - Parameter largest: One value per cell of the whole matrix.
  func measure(_ numbers: [Float], rows: Range<Int>, largest: inout [Float]) {
    let first = cells(of: rows).lowerBound
    unsafe numbers.withUnsafeBufferPointer { buffer in
      forEachStretch(of: rows) { stretch, cell in
        let most = unsafe largestMagnitude(UnsafeBufferPointer(rebasing: buffer[stretch]))
        if most > largest[first + cell] { largest[first + cell] = most }
      }
    }
  }
}

/// The largest magnitude, or 0 if there are no numbers; ignores NaN.
func largestMagnitude(_ numbers: UnsafeBufferPointer<Float>) -> Float {
  let lanes = 8
  var most = SIMD8<Int32>(repeating: 0)
  let mask = SIMD8<Int32>(repeating: 0x7FFF_FFFF)
  let infinity = SIMD8<Int32>(repeating: 0x7F80_0000)
  let whole = numbers.count / lanes * lanes
  let raw = UnsafeRawBufferPointer(numbers)
  for index in stride(from: 0, to: whole, by: lanes) {
    // Magnitudes compare like their bit patterns.
    let bits = unsafe raw.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Int32>.self) & mask
    let known = bits.replacing(with: 0, where: bits .> infinity)
    most.replace(with: known, where: known .> most)
  }
  var result = Float(bitPattern: UInt32(bitPattern: most.max()))
  for index in whole..<numbers.count {
    let magnitude = unsafe numbers[index].magnitude
    if magnitude > result { result = magnitude }
  }
  return result
}
