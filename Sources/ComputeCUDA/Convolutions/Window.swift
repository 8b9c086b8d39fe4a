import Compute
import Tensors

/// The extents of a convolution: its picture, kernel, stride, padding and result.
struct Window: Hashable {
  let samples: Int
  let height: Int
  let width: Int
  let inputs: Int
  let resultHeight: Int
  let resultWidth: Int
  private(set) var outputs: Int
  let kernelHeight: Int
  let kernelWidth: Int
  let stride: Int
  let padding: Padding

  init(_ operands: ConvolutionOperands) {
    let (picture, result) = (operands.x.shape.extents, operands.outputShape.extents)
    (samples, height, width, inputs) = (picture[0], picture[1], picture[2], picture[3])
    (resultHeight, resultWidth, outputs) = (result[1], result[2], result[3])
    (kernelHeight, kernelWidth) = operands.kernel
    (stride, padding) = (operands.stride, operands.padding)
  }

  /// The number of inputs of one pixel of the result.
  var patch: Int { kernelHeight * kernelWidth * inputs }
  var inputPixels: Int { samples * height * width }
  var resultPixels: Int { samples * resultHeight * resultWidth }

  /// The same for another number of outputs.
  func to(outputs: Int) -> Window {
    var window = self
    window.outputs = outputs
    return window
  }

  /// Cuts the result's pixels into pieces of at most `maximum`.
  ///
  /// The pieces have one size where fewer than twice the minimal number of pieces allow it: the
  /// algorithm of a product is chosen once per size.
  func pieces(ofAtMost maximum: Int) -> [Range<Int>] {
    let minCount = max(1, (resultPixels + maximum - 1) / maximum)
    let count = (minCount..<2 * minCount).first { resultPixels.isMultiple(of: $0) } ?? minCount
    let size = (resultPixels + count - 1) / count
    return Swift.stride(from: 0, to: resultPixels, by: size).map {
      $0..<min($0 + size, resultPixels)
    }
  }
}

extension Window {
  // Heights and widths as kernels take them.
  var picture: SIMD2<UInt32> { [UInt32(height), UInt32(width)] }
  var result: SIMD2<UInt32> { [UInt32(resultHeight), UInt32(resultWidth)] }
  var kernel: SIMD2<UInt32> { [UInt32(kernelHeight), UInt32(kernelWidth)] }
  var before: SIMD2<UInt32> { [UInt32(padding.top), UInt32(padding.left)] }
}
