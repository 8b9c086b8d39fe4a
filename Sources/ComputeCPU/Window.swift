import Compute
import Tensors

/// Which pixels of a picture a pixel of the convolution's result sees.
extension Window {
  /// Copies what each of some pixels of the result sees to a row of `patches`.
  func gather(_ x: Floats, pixels: Range<Int>, into patches: Floats) {
    var (sample, row, column) = place(pixels.lowerBound, resultHeight, resultWidth)
    var target = 0
    for _ in pixels {
      let left = column * stride - padding.left
      let columns = max(0, -left)..<max(max(0, -left), min(kernelWidth, width - left))
      for kernelRow in 0..<kernelHeight {
        let y = row * stride - padding.top + kernelRow
        let line = target + kernelRow * kernelWidth * inputs
        if y < 0 || y >= height || columns.count < kernelWidth {
          patches.fill(line..<line + kernelWidth * inputs, with: 0)
        }
        if y >= 0 && y < height && !columns.isEmpty {
          let source = ((sample * height + y) * width + left + columns.lowerBound) * inputs
          patches.copy(
            x, from: source, to: line + columns.lowerBound * inputs,
            count: columns.count * inputs)
        }
      }
      target += patch
      advance(&sample, &row, &column, resultHeight, resultWidth)
    }
  }

  /// Copies to row i of `moved` the result's pixel that sees input pixel i at a kernel position.
  ///
  /// - Parameter channels: The channels of the result's gradient.
  func gatherBack(
    _ dy: Floats, position: Int, width channels: Int, pixels: Range<Int>, into moved: Floats
  ) {
    let (kernelRow, kernelColumn) = position.quotientAndRemainder(dividingBy: kernelWidth)
    var (sample, row, column) = place(pixels.lowerBound, height, width)
    var target = 0
    for _ in pixels {
      let (y, yRest) = (row + padding.top - kernelRow).quotientAndRemainder(dividingBy: stride)
      let (x, xRest) =
        (column + padding.left - kernelColumn).quotientAndRemainder(dividingBy: stride)
      if yRest == 0 && xRest == 0 && y >= 0 && y < resultHeight && x >= 0 && x < resultWidth {
        let source = ((sample * resultHeight + y) * resultWidth + x) * channels
        moved.copy(dy, from: source, to: target, count: channels)
      } else {
        moved.fill(target..<target + channels, with: 0)
      }
      target += channels
      advance(&sample, &row, &column, height, width)
    }
  }

  /// Adds each sample's numbers to its pixels of the result, in some columns.
  func add(
    _ bias: Floats, to result: Floats, pixels: Range<Int>, columns: Range<Int>, isFirst: Bool
  ) {
    for pixel in pixels {
      let first = pixel / (resultHeight * resultWidth) * outputs
      forVectors(columns) { channel, lanes in
        let sum = isFirst ? Vector() : result[pixel * outputs + channel, lanes]
        result[pixel * outputs + channel, lanes] = sum + bias[first + channel, lanes]
      }
    }
  }

  private func place(_ pixel: Int, _ height: Int, _ width: Int) -> (Int, Int, Int) {
    (pixel / (height * width), pixel / width % height, pixel % width)
  }

  private func advance(
    _ sample: inout Int, _ row: inout Int, _ column: inout Int, _ height: Int, _ width: Int
  ) {
    column += 1
    if column < width { return }
    column = 0
    row += 1
    if row < height { return }
    row = 0
    sample += 1
  }
}
