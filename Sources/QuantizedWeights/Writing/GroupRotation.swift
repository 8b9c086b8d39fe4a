/// ConvRot: multiplies each group of a row by a symmetric orthogonal matrix, which is its own
/// inverse.
///
/// The matrix is a Kronecker power of the regular Hadamard matrix of 4 × 4 (1 except −1 on the
/// antidiagonal), divided by the square root of its size.
///
/// Source: Comfy-Org/comfy-kitchen `comfy_kitchen/tensor/int8_utils.py`.
struct GroupRotation: Hashable, Sendable {
  /// The size of a group, a power of 4.
  let size: Int

  init?(size: Int) {
    guard size >= 4, size.nonzeroBitCount == 1, size.trailingZeroBitCount % 2 == 0 else {
      return nil
    }
    self.size = size
  }

  /// Rotates groups in sequence.
  @inline(__always)
  func apply<Number: BinaryFloatingPoint>(to numbers: inout [Number]) {
    unsafe numbers.withUnsafeMutableBufferPointer { buffer in
      for start in stride(from: 0, to: buffer.count, by: size) {
        var step = 1
        while step < size {
          unsafe stage(buffer, start, step)
          step *= 4
        }
      }
    }
  }

  /// Replaces four numbers at a distance by s − d, …, where 2·s is their sum: row i of the halved
  /// matrix has its −1 at 3 − i.
  @inline(__always)
  private func stage<Number: BinaryFloatingPoint>(
    _ buffer: UnsafeMutableBufferPointer<Number>, _ start: Int, _ step: Int
  ) {
    for group in stride(from: start, to: start + size, by: 4 * step) {
      for index in group..<group + step {
        let (i, j, k) = (index + step, index + 2 * step, index + 3 * step)
        let (a, b) = unsafe (buffer[index], buffer[i])
        let (c, d) = unsafe (buffer[j], buffer[k])
        let sum = (a / 2 + b / 2) + (c / 2 + d / 2)
        unsafe buffer[index] = sum - d
        unsafe buffer[i] = sum - c
        unsafe buffer[j] = sum - b
        unsafe buffer[k] = sum - a
      }
    }
  }
}
