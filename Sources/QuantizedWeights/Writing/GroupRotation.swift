/// ConvRot: each group of a row times a symmetric orthogonal matrix, which is its own inverse.
///
/// The matrix is the regular Hadamard matrix of 4 × 4 (1 but for −1 on the other diagonal), as often
/// Kronecker-multiplied by itself as the group is long, over the root of its size.
///
/// Source: Comfy-Org/comfy-kitchen `comfy_kitchen/tensor/int8_utils.py`.
struct GroupRotation: Hashable, Sendable {
  /// A power of 4.
  let size: Int

  init?(size: Int) {
    guard size >= 4, size.nonzeroBitCount == 1, size.trailingZeroBitCount % 2 == 0 else {
      return nil
    }
    self.size = size
  }

  /// Rotates groups that lie one behind the other.
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

  /// Four numbers at a distance become s − d, …, where 2·s is their sum: row i of the matrix, which is
  /// halved, has its −1 at 3 − i.
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
