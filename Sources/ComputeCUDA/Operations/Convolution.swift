package import Compute
import Tensors

// By cuDNN where it takes the convolution and is faster, else by columns and a product; the same
// for a branch's D, which is a convolution to few channels. Only the gradient of D is always by
// columns.

extension CUDABackend {
  package func convolution(
    _ operands: ConvolutionOperands, into y: Tensor, saving saved: BranchActivations?
  ) {
    if let product = operands.product {
      linear(product, into: y, saving: saved)
      return addAddends(to: y, bias: nil, sampleBias: operands.sampleBias, residual: nil)
    }
    let (x, window) = (operands.x, Window(operands))
    let pixels = 0..<window.resultPixels
    let weight = MatrixView(operands.weight, rows: window.outputs, columns: window.patch)
    let result = MatrixView(y, rows: pixels.count, columns: window.outputs)
    let branch = BranchProducts(
      operands.branch, saved, inputs: window.patch, rows: pixels.count, on: self)
    let isDone = convolve(.forward, window, x, weight, y) { pixels, columns in
      gather(x, window, pixels, into: columns)
      products.multiply(columns.plain, weight.transposed, into: result.rows(pixels))
    }
    let isBranchDone = branch.map { isDone && computeHidden($0, x, window) } ?? true
    // A product adds a bias and a residual at no further pass over the result.
    let addsInProduct = !isDone && operands.sampleBias == nil
    let residual = operands.residual.map {
      MatrixView($0, rows: pixels.count, columns: window.outputs)
    }
    if !isDone || !isBranchDone {
      forPieces(of: window) { pixels, columns in
        gather(x, window, pixels, into: columns)
        if !isBranchDone { branch?.computeHidden(columns, rows: pixels) }
        if isDone { return }
        products.multiply(
          columns.plain, weight.transposed, into: result.rows(pixels),
          adding: addsInProduct ? residual?.rows(pixels) : nil,
          bias: addsInProduct ? operands.bias?.deviceAddress : nil)
      }
    }
    branch?.applyMask()
    branch?.addUpdate(to: result, rows: pixels, adding: result)
    if addsInProduct { return }
    addAddends(
      to: y, bias: operands.bias, sampleBias: operands.sampleBias, residual: operands.residual)
  }

  package func convolutionBackward(
    _ operands: ConvolutionOperands, saved: BranchActivations?, gradient dy: Tensor,
    into dx: Tensor?, accumulating: Bool
  ) {
    if let product = operands.product {
      return linearBackward(
        product, saved: saved, gradient: dy, into: dx, accumulating: accumulating)
    }
    let window = Window(operands)
    let gradient = MatrixView(dy, rows: window.resultPixels, columns: window.outputs)
    let branch = BranchProducts(
      operands.branch, saved, inputs: window.patch, rows: window.resultPixels, on: self)
    let hiddenGradient = branch?.hiddenGradient(gradient)
    if let branch, let hiddenGradient, operands.branch?.gradient != nil {
      branch.addUpGradient(gradient)
      forPieces(of: window) { pixels, columns in
        gather(operands.x, window, pixels, into: columns)
        branch.addDownGradient(hiddenGradient, columns, rows: pixels)
      }
    }
    guard let dx else { return }
    let weight = MatrixView(operands.weight, rows: window.outputs, columns: window.patch)
    let isDone = addInputGradient(window, weight, dy, to: dx, accumulating)
    var (restOfBranch, restOfGradient) = (branch, hiddenGradient)
    if isDone, let branch, let hiddenGradient,
      addInputGradient(
        window.to(outputs: branch.down.rows), branch.down, hiddenGradient, to: dx, true)
    {
      (restOfBranch, restOfGradient) = (nil, nil)
    }
    if isDone && restOfBranch == nil { return }
    forPieces(of: window) { pixels, columns in
      var addend: MatrixView?
      if let restOfBranch, let restOfGradient {
        restOfBranch.addInputGradient(restOfGradient, rows: pixels, to: columns, adding: nil)
        addend = columns
      }
      if !isDone {
        products.multiply(gradient.rows(pixels).plain, weight.plain, into: columns, adding: addend)
      }
      sum(
        columns, window, pixels, into: dx,
        accumulating: accumulating || isDone || pixels.lowerBound > 0)
    }
  }

  /// Computes what a branch's D makes of x, by cuDNN.
  ///
  /// - Returns: Whether it was done; else nothing was.
  private func computeHidden(_ branch: BranchProducts, _ x: Tensor, _ window: Window) -> Bool {
    let toHidden = window.to(outputs: branch.down.rows)
    return convolve(.forward, toHidden, x, branch.down, branch.hidden) { pixels, columns in
      gather(x, window, pixels, into: columns)
      branch.computeHidden(columns, rows: pixels)
    }
  }

  /// Computes the gradient of the picture through a filter, by cuDNN.
  ///
  /// - Returns: Whether it was done; else nothing was.
  private func addInputGradient(
    _ window: Window, _ filter: MatrixView, _ dy: Tensor, to dx: Tensor, _ accumulating: Bool
  ) -> Bool {
    let gradient = MatrixView(dy, rows: window.resultPixels, columns: window.outputs)
    // cuDNN's engines that add to what is there are few.
    let target =
      accumulating ? Tensor(shape: dx.shape, elementType: dx.elementType, on: self) : dx
    let isDone = convolve(.backward, window, target, filter, dy) { pixels, columns in
      products.multiply(gradient.rows(pixels).plain, filter.plain, into: columns)
      sum(columns, window, pixels, into: target, accumulating: pixels.lowerBound > 0)
    }
    if isDone && accumulating { add(dx, target, into: dx) }
    return isDone
  }

  /// Computes a convolution, or its picture's gradient, by cuDNN.
  ///
  /// - Parameter piece: What computes the same for some pixels of the result, to be timed.
  /// - Returns: Whether it was done; else nothing was.
  private func convolve(
    _ direction: ConvolutionShape.Direction, _ window: Window, _ picture: Tensor,
    _ filter: MatrixView, _ result: Tensor, orElse piece: (Range<Int>, MatrixView) -> Void
  ) -> Bool {
    guard let convolutions else { return false }
    let shape = ConvolutionShape(
      direction: direction, window: window, elementType: activationType)
    let buffers = ConvolutionBuffers(
      picture: picture.deviceAddress, filter: filter.address, result: result.deviceAddress)
    return convolutions.perform(shape, buffers) { forPieces(of: window, piece) }
  }

  /// Adds what there is to a convolution's result, in one pass over it.
  private func addAddends(to y: Tensor, bias: Tensor?, sampleBias: Tensor?, residual: Tensor?) {
    if bias == nil && sampleBias == nil && residual == nil { return }
    launch(
      "addends.cu", "addends", packsOf: y, y.deviceAddress, bias?.deviceAddress ?? 0,
      sampleBias?.deviceAddress ?? 0, residual?.deviceAddress ?? 0, UInt32(y.channels),
      UInt64(y.count / y.shape.extents[0]), UInt64(y.count))
  }
}
