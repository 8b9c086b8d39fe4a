package import Compute

// A tile of output pixels is gathered to a matrix [pixels, kh·kw·inputs], multiplied and finished
// by one thread. Backward gathers the output's gradient instead, one kernel position at a time, so
// that no two tiles write to the same pixel and the weights are used as they lie.

extension CPUBackend {
  package func convolution(
    _ operands: ConvolutionOperands, into y: Tensor, saving saved: BranchActivations?
  ) {
    let window = Window(operands)
    let (inputs, outputs) = (window.patch, window.outputs)
    let x = Floats(operands.x)
    let weight = Block(Floats(operands.weight), stride: inputs)
    let result = Block(Floats(y), stride: outputs)
    let addends = Addends(operands.bias, operands.residual)
    let sampleBias = operands.sampleBias.map { Floats($0) }
    let branch = BranchView(operands.branch, saved, inputs: inputs, outputs: outputs)
    forTiles(window.outputPixels, width: inputs, outputs: outputs) { pixels in
      withScratch(pixels.count * inputs) { scratch in
        let patches = Block(scratch, stride: inputs)
        window.gather(x, pixels: pixels, into: scratch)
        addends.write(to: result, rows: pixels, columns: 0..<outputs)
        if let sampleBias {
          window.add(sampleBias, to: result.values, pixels: pixels, isFirst: addends.isEmpty)
        }
        multiply(
          patches, weight.transposed, into: result.rows(from: pixels.lowerBound),
          m: pixels.count, n: outputs, k: inputs,
          beta: addends.isEmpty && sampleBias == nil ? 0 : 1)
        branch?.forward(patches, rows: pixels, into: result)
      }
    }
  }

  package func convolutionBackward(
    _ operands: ConvolutionOperands, saved: BranchActivations?, gradient dy: Tensor,
    into dx: Tensor?, accumulating: Bool
  ) {
    let window = Window(operands)
    let dy = Block(Floats(dy), stride: window.outputs)
    let dx = dx.map { Block(Floats($0), stride: window.inputs) }
    if let dx {
      let weight = Block(Floats(operands.weight), stride: window.patch)
      inputGradient(dy, weight, window, into: dx, accumulating)
    }
    let branch = BranchView(
      operands.branch, saved, inputs: window.patch, outputs: window.outputs)
    guard let branch else { return }
    withScratch(window.outputPixels * branch.width) { scratch in
      let hiddenGradient = Block(scratch, stride: branch.width)
      forRanges(window.outputPixels, cost: Float(window.outputs) * 0.1, step: 8) { pixels in
        branch.backward(dy, rows: pixels, into: hiddenGradient)
      }
      branch.addUpGradient(dy, rows: window.outputPixels)
      if let gradient = branch.downGradient {
        addDownGradient(Floats(operands.x), hiddenGradient, window, to: gradient)
      }
      if let dx { inputGradient(hiddenGradient, branch.down, window, into: dx, true) }
    }
  }

  /// Computes Σ over kernel positions of (dy moved there)·W.
  ///
  /// - Parameter weight: [channels of dy, kernel positions · inputs].
  private func inputGradient(
    _ dy: Block, _ weight: Block, _ window: Window, into dx: Block, _ accumulating: Bool
  ) {
    let (inputs, width) = (window.inputs, dy.stride)
    forTiles(window.inputPixels, width: width * window.positions, outputs: inputs) { pixels in
      withScratch(pixels.count * width) { scratch in
        for position in 0..<window.positions {
          window.gatherBack(
            dy.values, position: position, width: width, pixels: pixels, into: scratch)
          multiply(
            Block(scratch, stride: width), weight.columns(from: position * inputs),
            into: dx.rows(from: pixels.lowerBound), m: pixels.count, n: inputs, k: width,
            beta: accumulating || position > 0 ? 1 : 0)
        }
      }
    }
  }

  /// Adds the gradient (s·dy U)ᵀ·patches of D, tile after tile.
  private func addDownGradient(
    _ x: Floats, _ hiddenGradient: Block, _ window: Window, to gradient: Block
  ) {
    let (inputs, width) = (window.patch, hiddenGradient.stride)
    let tile = max(64, (1 << 19) / inputs)
    withScratch(tile * inputs) { scratch in
      for first in stride(from: 0, to: window.outputPixels, by: tile) {
        let count = min(tile, window.outputPixels - first)
        forRanges(count, cost: Float(inputs) * 0.3) { range in
          window.gather(
            x, pixels: first + range.lowerBound..<first + range.upperBound,
            into: scratch.from(range.lowerBound * inputs))
        }
        forRanges(inputs, cost: Float(count * width) * productCost, step: 16) { columns in
          multiply(
            hiddenGradient.rows(from: first).transposed,
            Block(scratch, stride: inputs).columns(from: columns.lowerBound),
            into: gradient.columns(from: columns.lowerBound), m: width, n: columns.count,
            k: count, beta: 1)
        }
      }
    }
  }

  /// Splits pixels so that a gathered tile stays near 1 MiB, with enough rows for a product.
  private func forTiles(
    _ pixels: Int, width: Int, outputs: Int, _ body: (Range<Int>) -> Void
  ) {
    let fitting = max(128, (1 << 18) / max(1, width))
    let threads = threads(for: Float(pixels) * Float(width * outputs) * productCost)
    let parts = (pixels + fitting - 1) / fitting
    let tiles = min((parts + threads - 1) / threads * threads, max(1, pixels / 8))
    workers.perform(tiles) { tile in
      let range = pixels * tile / tiles..<pixels * (tile + 1) / tiles
      if !range.isEmpty { body(range) }
    }
  }
}
