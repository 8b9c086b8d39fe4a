package import Compute
import LinearAlgebra
import Tensors

// A tile of output pixels is gathered to a matrix [pixels, kh·kw·inputs], multiplied and finished
// by one thread. Backward gathers the output's gradient instead, one kernel position at a time, so
// that no two tiles write to the same pixel and the weights are used as they lie.

extension CPUBackend {
  package func convolution(
    _ operands: ConvolutionOperands, into y: Tensor, saving saved: BranchActivations?
  ) {
    let window = Window(operands)
    let (inputs, outputs) = (window.patch, window.outputs)
    let (x, weight, result) = (Floats(operands.x), Floats(operands.weight), Floats(y))
    let addends = Addends(operands.bias, operands.residual)
    let sampleBias = operands.sampleBias.map { Floats($0) }
    let branch = operands.branch.flatMap { branch in
      saved.map { BranchView(branch, $0, inputs: inputs, outputs: outputs) }
    }
    forTiles(window.outputPixels, width: inputs, outputs: outputs) { pixels in
      withScratch(window.isPlain ? 0 : pixels.count * inputs) { patches in
        if !window.isPlain { window.gather(x, pixels: pixels, into: patches) }
        let patches = window.isPlain ? x.from(pixels.lowerBound * inputs) : patches
        let hasAddends =
          addends.write(to: result, rows: pixels, outputs: 0..<outputs, of: outputs)
        if let sampleBias {
          window.add(sampleBias, to: result, pixels: pixels, isFirst: !hasAddends)
        }
        multiply(
          patches, .rows(every: inputs), weight, .columns(every: inputs),
          into: result.from(pixels.lowerBound * outputs), stride: outputs, m: pixels.count,
          n: outputs, k: inputs, beta: hasAddends || sampleBias != nil ? 1 : 0)
        branch?.hidden(of: patches, rows: pixels)
        branch?.addUp(rows: pixels, into: result)
      }
    }
  }

  package func convolutionBackward(
    _ operands: ConvolutionOperands, saved: BranchActivations?, gradient dy: Tensor,
    into dx: Tensor?, accumulating: Bool
  ) {
    let window = Window(operands)
    let (inputs, outputs) = (window.patch, window.outputs)
    let (x, dy) = (Floats(operands.x), Floats(dy))
    let branch = operands.branch.flatMap { branch in
      saved.map { BranchView(branch, $0, inputs: inputs, outputs: outputs) }
    }
    withScratch(window.outputPixels * (branch?.width ?? 0)) { hiddenGradient in
      if let branch {
        forRanges(window.outputPixels, cost: Float(outputs) * 0.1, step: 8) { pixels in
          branch.backward(dy, rows: pixels, into: hiddenGradient)
        }
        branchGradients(branch, window, x, hiddenGradient, dy)
      }
      guard let dx else { return }
      let target = Floats(dx)
      inputGradient(
        dy, window, weight: Floats(operands.weight), width: outputs, into: target, accumulating)
      if let branch {
        inputGradient(
          hiddenGradient, window, weight: branch.down, width: branch.width, into: target, true)
      }
    }
  }

  /// Computes Σ over kernel positions of (dy moved there)·W.
  private func inputGradient(
    _ dy: Floats, _ window: Window, weight: Floats, width: Int, into dx: Floats,
    _ accumulating: Bool
  ) {
    let inputs = window.inputs
    forTiles(window.inputPixels, width: width * window.positions, outputs: inputs) { pixels in
      withScratch(pixels.count * width) { moved in
        for position in 0..<window.positions {
          window.gatherBack(dy, position: position, width: width, pixels: pixels, into: moved)
          multiply(
            moved, .rows(every: width), weight.from(position * inputs),
            .rows(every: window.patch), into: dx.from(pixels.lowerBound * inputs),
            stride: inputs, m: pixels.count, n: inputs, k: width,
            beta: accumulating || position > 0 ? 1 : 0)
        }
      }
    }
  }

  /// Adds the gradients of U and, tile after tile, of D.
  private func branchGradients(
    _ branch: BranchView, _ window: Window, _ x: Floats, _ hiddenGradient: Floats, _ dy: Floats
  ) {
    guard let gradient = branch.wholeGradient, let downGradient = branch.downGradient else {
      return
    }
    branch.upGradient(dy, rows: window.outputPixels, into: gradient)
    let (inputs, tile) = (window.patch, max(64, (1 << 19) / window.patch))
    withScratch(tile * inputs) { patches in
      for first in stride(from: 0, to: window.outputPixels, by: tile) {
        let pixels = first..<min(first + tile, window.outputPixels)
        forRanges(pixels.count, cost: Float(inputs) * 0.3) { range in
          window.gather(
            x, pixels: first + range.lowerBound..<first + range.upperBound,
            into: patches.from(range.lowerBound * inputs))
        }
        forRanges(
          inputs, cost: Float(pixels.count * branch.width) * productCost, step: 16
        ) { columns in
          multiply(
            hiddenGradient.from(first * branch.width), .columns(every: branch.width),
            patches.from(columns.lowerBound), .rows(every: inputs),
            into: downGradient.from(columns.lowerBound), stride: inputs, m: branch.width,
            n: columns.count, k: pixels.count, beta: 1)
        }
      }
    }
  }

  /// Splits pixels so that a gathered tile stays near 1 MiB, with enough rows for a product.
  private func forTiles(
    _ pixels: Int, width: Int, outputs: Int, _ body: (Range<Int>) -> Void
  ) {
    let fitting = max(128, (1 << 18) / max(1, width))
    let cost = Float(pixels) * Float(width * outputs) * productCost
    let threads = threads(for: cost)
    let parts = (pixels + fitting - 1) / fitting
    let tiles = min((parts + threads - 1) / threads * threads, max(1, pixels / 8))
    workers.perform(tiles) { tile in
      let range = pixels * tile / tiles..<pixels * (tile + 1) / tiles
      if !range.isEmpty { body(range) }
    }
  }
}

/// Which pixels of a picture a pixel of the convolution's result sees.
struct Window: Sendable {
  let inputs: Int
  let outputs: Int
  private let samples: Int
  private let height: Int
  private let width: Int
  private let outputHeight: Int
  private let outputWidth: Int
  private let kernelHeight: Int
  private let kernelWidth: Int
  private let stride: Int
  private let padding: Padding

  init(_ operands: ConvolutionOperands) {
    let (picture, result) = (operands.x.shape.extents, operands.outputShape.extents)
    (samples, height, width) = (picture[0], picture[1], picture[2])
    (outputHeight, outputWidth) = (result[1], result[2])
    (kernelHeight, kernelWidth) = operands.kernel
    (inputs, outputs) = (operands.inputs, operands.outputs)
    (stride, padding) = (operands.stride, operands.padding)
  }

  /// Places in the kernel.
  var positions: Int { kernelHeight * kernelWidth }

  /// The numbers that one pixel of the result is made from.
  var patch: Int { positions * inputs }
  var inputPixels: Int { samples * height * width }
  var outputPixels: Int { samples * outputHeight * outputWidth }

  /// Whether each pixel of the result sees the same pixel of the picture only.
  var isPlain: Bool { positions == 1 && stride == 1 && inputPixels == outputPixels }

  /// Copies what each of some pixels of the result sees to a row of `patches`.
  func gather(_ x: Floats, pixels: Range<Int>, into patches: Floats) {
    var (sample, row, column) = place(pixels.lowerBound, outputHeight, outputWidth)
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
      advance(&sample, &row, &column, outputHeight, outputWidth)
    }
  }

  /// Copies to row i of `moved` the result's pixel that sees input pixel i at a kernel position.
  ///
  /// - Parameter channels: Of the result's gradient.
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
      if yRest == 0 && xRest == 0 && y >= 0 && y < outputHeight && x >= 0 && x < outputWidth {
        let source = ((sample * outputHeight + y) * outputWidth + x) * channels
        moved.copy(dy, from: source, to: target, count: channels)
      } else {
        moved.fill(target..<target + channels, with: 0)
      }
      target += channels
      advance(&sample, &row, &column, height, width)
    }
  }

  /// Adds each sample's numbers to its pixels of the result.
  func add(_ bias: Floats, to result: Floats, pixels: Range<Int>, isFirst: Bool) {
    for pixel in pixels {
      let first = pixel / (outputHeight * outputWidth) * outputs
      forVectors(0..<outputs) { channel, lanes in
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
