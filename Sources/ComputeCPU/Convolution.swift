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
    // A branch is finished with the rows of the result, so that these are not cut then.
    forTiles(window.resultPixels, outputs, inner: inputs, cutsColumns: branch == nil) {
      pixels, columns in
      withScratch(pixels.count * inputs) { scratch in
        let patches = Block(scratch, stride: inputs)
        window.gather(x, pixels: pixels, into: scratch)
        addends.write(to: result, rows: pixels, columns: columns)
        if let sampleBias {
          window.add(
            sampleBias, to: result.values, pixels: pixels, columns: columns,
            isFirst: addends.isEmpty)
        }
        multiply(
          patches, weight.rows(from: columns.lowerBound).transposed,
          into: result.rows(from: pixels.lowerBound).columns(from: columns.lowerBound),
          m: pixels.count, n: columns.count, k: inputs,
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
    withScratch(window.resultPixels * branch.width) { scratch in
      let hiddenGradient = Block(scratch, stride: branch.width)
      forRanges(window.resultPixels, cost: Float(window.outputs) * 0.1, step: 8) { pixels in
        branch.backward(dy, rows: pixels, into: hiddenGradient)
      }
      branch.addUpGradient(dy, rows: window.resultPixels)
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
    let positions = window.kernelHeight * window.kernelWidth
    forTiles(
      window.inputPixels, inputs, inner: width * positions, cutsColumns: true
    ) { pixels, columns in
      withScratch(pixels.count * width) { scratch in
        for position in 0..<positions {
          window.gatherBack(
            dy.values, position: position, width: width, pixels: pixels, into: scratch)
          multiply(
            Block(scratch, stride: width),
            weight.columns(from: position * inputs + columns.lowerBound),
            into: dx.rows(from: pixels.lowerBound).columns(from: columns.lowerBound),
            m: pixels.count, n: columns.count, k: width,
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
      for first in stride(from: 0, to: window.resultPixels, by: tile) {
        let count = min(tile, window.resultPixels - first)
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

  /// Calls `body` with blocks of pixels and channels that together are a result.
  ///
  /// A product packs its factors before it uses them, and packs the weights again for each block of
  /// pixels. With 512 pixels per block, packing the weights takes a tenth of the time and the patches
  /// take some megabytes; blocks of few channels have more pixels. Where a picture has fewer pixels
  /// than channels, the threads share the channels instead.
  ///
  /// - Parameter inner: The number of products that one element of the result sums.
  private func forTiles(
    _ pixels: Int, _ columns: Int, inner: Int, cutsColumns: Bool,
    _ body: (_ pixels: Range<Int>, _ columns: Range<Int>) -> Void
  ) {
    let fitting = max(512, (1 << 18) / max(1, inner))
    let minTiles = (pixels + fitting - 1) / fitting
    let costOfColumn = Float(pixels) * Float(inner) * productCost
    let threads = threads(for: costOfColumn * Float(columns))
    func forRows(_ tiles: Int, _ number: Int, _ columns: Range<Int>) {
      let range = pixels * number / tiles..<pixels * (number + 1) / tiles
      if !range.isEmpty { body(range, columns) }
    }
    if cutsColumns && columns > pixels && minTiles < threads {
      forRanges(columns, cost: costOfColumn, step: 16) { range in
        for tile in 0..<minTiles { forRows(minTiles, tile, range) }
      }
    } else {
      let tiles = min((minTiles + threads - 1) / threads * threads, max(1, pixels / 8))
      workers.perform(tiles) { forRows(tiles, $0, 0..<columns) }
    }
  }
}
