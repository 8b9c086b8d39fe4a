import Safetensors
import Tensors
import Testing

@testable import QuantizedWeights

/// The numbers that a scheme makes of others, by its published formulas in 64 bits.
///
/// The scales are those stored: they are checked to be what the formulas ask for, as far as their
/// type holds it.
struct Oracle {
  private let weight: any StoredWeight

  init(_ weight: any StoredWeight) { self.weight = weight }

  func rounded(_ numbers: [Double]) throws -> [Double] {
    switch weight {
    case is ScaledFP8:
      let type = weight.codes.type
      let largest = type == .float8e5m2 ? 57344.0 : 448
      return try inGrid(numbers, largest: largest) { numbers in
        unsafe doubles(from: encoded(numbers, as: type).span.bytes, as: type)
      }
    case is ScaledINT8:
      let declared = StoredTensors(weight.file).declaration(of: weight.codes.layer ?? "")
      let text = declared.map { "\($0)" } ?? ""
      let size =
        text.contains("convrot")
        ? (text.contains("(16)") ? 16 : text.contains("(64)") ? 64 : 256) : 1
      let turned = rotated(numbers, size)
      return rotated(
        try inGrid(turned, largest: 127) { numbers in
          numbers.map { min(max($0.rounded(.toNearestOrEven), -128), 127) }
        }, size)
    case is NVFP4: return try nvfp4(numbers)
    case is MXFP8: return mxfp8(numbers)
    default:
      Issue.record("no formulas of \(type(of: weight))")
      return []
    }
  }

  /// Groups times the regular Hadamard matrix over its root, element by element.
  private func rotated(_ numbers: [Double], _ size: Int) -> [Double] {
    if size == 1 { return numbers }
    func sign(_ i: Int, _ j: Int) -> Double {
      var (i, j, sign) = (i, j, 1.0)
      for _ in 0..<size.trailingZeroBitCount / 2 {
        if i % 4 + j % 4 == 3 { sign = -sign }
        (i, j) = (i / 4, j / 4)
      }
      return sign
    }
    var matrix: [Double] = []
    for i in 0..<size {
      for j in 0..<size { matrix.append(sign(i, j) / Double(size).squareRoot()) }
    }
    return numbers.indices.map { index in
      let (start, row) = (index / size * size, index % size)
      return (0..<size).reduce(0) { $0 + numbers[start + $1] * matrix[row * size + $1] }
    }
  }

  private func blocks(_ numbers: [Double], _ size: Int) -> [ArraySlice<Double>] {
    stride(from: 0, to: numbers.count, by: size).map { numbers[$0..<$0 + size] }
  }

  private func e4m3(_ numbers: [Double]) -> [Double] {
    unsafe doubles(from: encoded(numbers, as: .float8e4m3).span.bytes, as: .float8e4m3)
  }

  private func largest(_ numbers: some Sequence<Double>) -> Double {
    numbers.reduce(0) { max($0, $1.magnitude) }
  }

  private func nvfp4(_ numbers: [Double]) throws -> [Double] {
    let whole = Double(Float(largest(numbers) / (448 * 6)))
    let stored = try weight.file.doubles(weight.tensors[2])[0]
    #expect(abs(stored - whole) <= 0x1p-22 * whole)
    return blocks(numbers, 16).flatMap { block in
      let scale = stored * e4m3([min(largest(block) / 6 / stored, 448)])[0]
      return block.map { number in
        if scale == 0 { return 0.0 }
        // The first of two that are as near is the even code.
        let order = [0, 2, 4, 6, 1, 3, 5, 7]
        let nearest = order.min {
          abs(NVFP4.values[$0] - abs(number) / scale) < abs(NVFP4.values[$1] - abs(number) / scale)
        }
        return (number < 0 ? -1 : 1) * NVFP4.values[nearest ?? 0] * scale
      }
    }
  }

  private func mxfp8(_ numbers: [Double]) -> [Double] {
    blocks(numbers, 32).flatMap { block in
      var scale = 0x1p-126
      while largest(block) / scale > 448 { scale *= 2 }
      return e4m3(block.map { $0 / scale }).map { $0 * scale }
    }
  }

  /// Codes of a grid of scales, which are the largest magnitudes of their cells over the largest
  /// code.
  private func inGrid(
    _ numbers: [Double], largest: Double, _ round: ([Double]) -> [Double]
  ) throws -> [Double] {
    let scale = try #require(
      weight.tensors.first { $0.name.string.contains("scale") && $0 != weight.codes })
    let grid = try #require(ScaleGrid(scales: scale.shape, of: weight.shape))
    let scales = try weight.file.doubles(scale)
    var most = [Double](repeating: 0, count: scales.count)
    grid.forEachStretch(of: 0..<weight.rowCount) { stretch, cell in
      most[cell] = numbers[stretch].reduce(most[cell]) { max($0, $1.magnitude) }
    }
    for (stored, magnitude) in zip(scales, most) where magnitude > 0 {
      let ratio = stored / (magnitude / largest)
      if scale.type == .float8e8m0 {
        #expect(ratio >= 1 && ratio < 2)
      } else {
        #expect(abs(ratio - 1) < (scale.type == .bfloat16 ? 0x1p-8 : 0x1p-22))
      }
    }
    var codes = numbers
    grid.forEachStretch(of: 0..<weight.rowCount) { stretch, cell in
      for index in stretch { codes[index] /= scales[cell] }
    }
    codes = round(codes)
    grid.forEachStretch(of: 0..<weight.rowCount) { stretch, cell in
      for index in stretch { codes[index] *= scales[cell] }
    }
    return codes
  }
}
