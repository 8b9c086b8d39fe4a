import Compute
import Tensors

/// Which pixels of a picture a pixel of a convolution's result sees.
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

  /// The numbers that one pixel of the result is made from.
  var patch: Int { kernelHeight * kernelWidth * inputs }
  var inputPixels: Int { samples * height * width }
  var resultPixels: Int { samples * resultHeight * resultWidth }

  /// The same for another number of outputs.
  func to(outputs: Int) -> Window {
    var window = self
    window.outputs = outputs
    return window
  }

  /// Cuts the result's pixels into pieces of at most so many; of one size, where a number of pieces
  /// less than twice the smallest divides them: products of one size are chosen once.
  func pieces(ofAtMost most: Int) -> [Range<Int>] {
    let fewest = max(1, (resultPixels + most - 1) / most)
    let count = (fewest..<2 * fewest).first { resultPixels.isMultiple(of: $0) } ?? fewest
    let size = (resultPixels + count - 1) / count
    return Swift.stride(from: 0, to: resultPixels, by: size).map {
      $0..<min($0 + size, resultPixels)
    }
  }
}

extension Window {
  /// As kernels take heights and widths.
  var picture: SIMD2<UInt32> { [UInt32(height), UInt32(width)] }
  var result: SIMD2<UInt32> { [UInt32(resultHeight), UInt32(resultWidth)] }
  var kernel: SIMD2<UInt32> { [UInt32(kernelHeight), UInt32(kernelWidth)] }
  var before: SIMD2<UInt32> { [UInt32(padding.top), UInt32(padding.left)] }
}
