import Safetensors
import Tensors

/// Writes 8-bit codes with one scale per cell of a grid: the largest magnitude of the cell becomes
/// the largest code.
struct GridWriter: WeightWriter {
  enum Format {
    case float8(ElementType)

    /// Integers from −127 to 127, rotated in groups first if there is a rotation.
    case int8(GroupRotation?)
  }

  let tensors: [Layout.Tensor]
  private let grid: ScaleGrid
  private let format: Format
  private let scaleType: ElementType

  /// The marker that tells readers the scheme; it follows the scale.
  private let marker: [UInt8]?
  private var largest: [Float]

  var codeBitCount: Int { 8 }

  /// A row's scale depends only on that row.
  var measuresFirst: Bool { grid.height > 1 }

  init(codes: Header.Entry, scale: Header.Entry, grid: ScaleGrid, format: Format) {
    self.init(
      codes: Layout.Tensor(name: codes.name.string, type: codes.type, shape: codes.shape),
      scale: Layout.Tensor(name: scale.name.string, type: scale.type, shape: scale.shape),
      grid: grid, format: format)
  }

  init(
    codes: Layout.Tensor, scale: Layout.Tensor, grid: ScaleGrid, format: Format,
    marker: (tensor: Layout.Tensor, text: String)? = nil
  ) {
    tensors = [codes, scale] + (marker.map { [$0.tensor] } ?? [])
    self.marker = marker.map { Array($0.text.utf8) }
    self.grid = grid
    self.format = format
    scaleType = scale.type
    largest = Array(repeating: 0, count: grid.down * grid.across)
  }

  private var largestCode: Float {
    switch format {
    case .float8(let type): FloatSteps(type)?.largest ?? 0
    case .int8: 127
    }
  }

  mutating func measure(_ numbers: [Float], rows: Range<Int>) {
    if case .int8(let rotation?) = format {
      var rotated = numbers
      rotation.apply(to: &rotated)
      grid.measure(rotated, rows: rows, largest: &largest)
    } else {
      grid.measure(numbers, rows: rows, largest: &largest)
    }
  }

  mutating func encode(
    _ numbers: inout [Float], rows: Range<Int>, rounding: Rounding
  ) -> [UInt8] {
    if !measuresFirst { measure(numbers, rows: rows) }
    let scales = largest[grid.cells(of: rows)].map(scale)
    let first = rows.lowerBound * grid.columns
    switch format {
    case .float8(let type):
      grid.divide(&numbers, by: scales, rows: rows)
      if let steps = FloatSteps(type) { rounding.apply(steps, to: &numbers, first: first) }
      let codes = encoded(floats: numbers, as: type)
      numbers = unsafe floats(from: codes.span.bytes, as: type)
      grid.multiply(&numbers, by: scales, rows: rows)
      return codes
    case .int8(let rotation):
      rotation?.apply(to: &numbers)
      grid.divide(&numbers, by: scales, rows: rows)
      rounding.applyWhole(to: &numbers, first: first)
      let codes = integerCodes(&numbers)
      grid.multiply(&numbers, by: scales, rows: rows)
      rotation?.apply(to: &numbers)
      return codes
    }
  }

  /// - Parameter numbers: Integers, which are limited to the range of the codes. NaN has no code:
  ///   its code is 0, and the number stays NaN so that it is noticed.
  private func integerCodes(_ numbers: inout [Float]) -> [UInt8] {
    var codes = [UInt8](repeating: 0, count: numbers.count)
    for index in numbers.indices {
      let number = min(max(numbers[index], -128), 127)
      // Beside 1½ · 2²³ a float's last bits count ones, in two's complement.
      let bits = (number + 0x1.8p23).bitPattern
      codes[index] = numbers[index].isNaN ? 0 : UInt8(truncatingIfNeeded: bits)
      numbers[index] = numbers[index].isNaN ? numbers[index] : number
    }
    return codes
  }

  /// The scale of a cell, rounded to its type; 1 for a cell of zeros.
  private func scale(largest: Float) -> Float {
    guard largest > 0 else { return 1 }
    let asked = largest / largestCode
    let stored = unsafe floats(from: scaleBytes([asked]).span.bytes, as: scaleType)[0]
    return stored > 0 ? stored : leastScale
  }

  private func scaleBytes(_ scales: [Float]) -> [UInt8] {
    guard scaleType == .float8e8m0 else { return encoded(floats: scales, as: scaleType) }
    // The scale is rounded up to a power of two.
    return scales.map { scale in
      guard scale.isFinite else { return 254 }
      let exponent = Int(scale.exponent) + (scale.significand > 1 ? 1 : 0)
      return UInt8(min(max(exponent + 127, 0), 254))
    }
  }

  /// The smallest positive scale.
  private var leastScale: Float {
    switch scaleType {
    case .float16: 0x1p-24
    case .bfloat16: 0x1p-126
    default: .leastNormalMagnitude
    }
  }

  func others() -> [[UInt8]] {
    [scaleBytes(largest.map(scale))] + (marker.map { [$0] } ?? [])
  }
}
