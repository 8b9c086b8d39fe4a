package import Compute
import Tensors

// cuDNN computes a convolution that it takes and computes faster; else columns and a product do. A
// branch's D is a convolution of the same picture to few channels; columns compute its gradient.

extension CUDABackend {
  package func convolution(
    _ operands: ConvolutionOperands, into y: Tensor, saving saved: BranchActivations?
  ) {
    if let product = operands.product {
      linear(product, into: y, saving: saved)
      return addAddends(to: y, bias: nil, sampleBias: operands.sampleBias, residual: nil)
    }
    let window = Window(operands)
    let result = MatrixView(y, rows: window.resultPixels, columns: window.outputs)
    let branch = BranchProducts(
      operands.branch, saved, inputs: window.patch, rows: result.rows, on: self)
    let isDone = convolve(
      .forward, window, operands.x, weight(of: operands, window), result.address
    ) {
      convolveByColumns(operands, window, into: result)
    }
    // Columns that are made anyway serve the branch too.
    let isBranchDone = branch.map { isDone && computeHidden($0, operands, window) } ?? true
    // A product adds a bias and a residual without a further pass over the result.
    let addsInProduct = !isDone && operands.sampleBias == nil
    if !isDone || !isBranchDone {
      convolveByColumns(
        operands, window, into: isDone ? nil : result, branch: isBranchDone ? nil : branch,
        withAddends: addsInProduct)
    }
    branch?.applyMask()
    branch?.addUpdate(to: result, rows: 0..<result.rows, adding: result)
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
    var terms = [GradientTerm(gradient: gradient, filter: weight(of: operands, window))]
    let branch = BranchProducts(
      operands.branch, saved, inputs: window.patch, rows: gradient.rows, on: self)
    let hiddenGradient = branch?.hiddenGradient(gradient)
    if let branch, let hiddenGradient {
      if operands.branch?.gradient != nil {
        branch.addUpGradient(gradient)
        forPieces(of: window) { pixels, columns in
          gather(operands.x, window, pixels, into: columns)
          branch.addDownGradient(hiddenGradient, columns, rows: pixels)
        }
      }
      let rows = MatrixView(hiddenGradient, rows: gradient.rows, columns: branch.down.rows)
      terms.append(GradientTerm(gradient: rows, filter: branch.down))
    }
    if let dx { addInputGradient(terms, window, to: dx, accumulating) }
  }

  /// The weight as a product with columns takes it, [outputs, kernel's pixels · inputs].
  private func weight(of operands: ConvolutionOperands, _ window: Window) -> MatrixView {
    MatrixView(operands.weight, rows: window.outputs, columns: window.patch)
  }
}

// MARK: Forward

extension CUDABackend {
  /// Computes by columns a convolution and what a branch's D makes of its input; each where wanted.
  ///
  /// - Parameter withAddends: Whether the bias and the residual are added.
  private func convolveByColumns(
    _ operands: ConvolutionOperands, _ window: Window, into result: MatrixView?,
    branch: BranchProducts? = nil, withAddends: Bool = false
  ) {
    let weight = weight(of: operands, window)
    let residual = operands.residual.map {
      MatrixView($0, rows: window.resultPixels, columns: window.outputs)
    }
    forPieces(of: window) { pixels, columns in
      gather(operands.x, window, pixels, into: columns)
      branch?.computeHidden(columns, rows: pixels)
      guard let result else { return }
      products.multiply(
        columns.plain, weight.transposed, into: result.rows(pixels),
        adding: withAddends ? residual?.rows(pixels) : nil,
        bias: withAddends ? operands.bias?.deviceAddress : nil)
    }
  }

  /// Computes what a branch's D makes of x, by cuDNN.
  ///
  /// - Returns: Whether it was done; else nothing was.
  private func computeHidden(
    _ branch: BranchProducts, _ operands: ConvolutionOperands, _ window: Window
  ) -> Bool {
    convolve(
      .forward, window.to(outputs: branch.down.rows), operands.x, branch.down,
      branch.hidden.deviceAddress
    ) {
      convolveByColumns(operands, window, into: nil, branch: branch)
    }
  }

  /// Adds what there is to a convolution's result, in one pass over it.
  private func addAddends(to y: Tensor, bias: Tensor?, sampleBias: Tensor?, residual: Tensor?) {
    if bias == nil && sampleBias == nil && residual == nil { return }
    launch("addends", packsOf: y)(
      y: y, bias: bias, sample_bias: sampleBias, residual: residual, channels: y.channels,
      size: y.count / y.shape.extents[0], count: y.count)
  }
}

// MARK: Backward

/// The gradient of a filter's result, [pixels, channels], and the filter, [channels, kernel's
/// pixels · inputs]: a part of the gradient of the picture.
private struct GradientTerm {
  let gradient: MatrixView
  let filter: MatrixView
}

extension CUDABackend {
  /// Computes the gradient of the picture: the sum of its parts.
  private func addInputGradient(
    _ terms: [GradientTerm], _ window: Window, to dx: Tensor, _ accumulating: Bool
  ) {
    var (rest, accumulating) = (terms[...], accumulating)
    // Columns that are made anyway serve the branch too.
    while let term = rest.first, addInputGradient(term, window, to: dx, accumulating) {
      rest.removeFirst()
      accumulating = true
    }
    if !rest.isEmpty { inputGradientByColumns(rest, window, into: dx, accumulating) }
  }

  /// Computes one part by cuDNN.
  ///
  /// - Returns: Whether it was done; else nothing was.
  private func addInputGradient(
    _ term: GradientTerm, _ window: Window, to dx: Tensor, _ accumulating: Bool
  ) -> Bool {
    // cuDNN's engines that add to what is there are few.
    let target =
      accumulating ? Tensor(shape: dx.shape, elementType: dx.elementType, on: self) : dx
    let isDone = convolve(
      .backward, window.to(outputs: term.filter.rows), target, term.filter, term.gradient.address
    ) {
      inputGradientByColumns([term], window, into: target, false)
    }
    if isDone && accumulating { add(dx, target, into: dx) }
    return isDone
  }

  private func inputGradientByColumns(
    _ terms: ArraySlice<GradientTerm>, _ window: Window, into dx: Tensor, _ accumulating: Bool
  ) {
    forPieces(of: window) { pixels, columns in
      var addend: MatrixView?
      for term in terms {
        products.multiply(
          term.gradient.rows(pixels).plain, term.filter.plain, into: columns, adding: addend)
        addend = columns
      }
      sum(
        columns, window, pixels, into: dx, accumulating: accumulating || pixels.lowerBound > 0)
    }
  }

  /// Computes a convolution, or its picture's gradient, by cuDNN.
  ///
  /// - Parameter columns: Computes the same without it, to be timed.
  /// - Returns: Whether it was done; else nothing was.
  private func convolve(
    _ direction: ConvolutionShape.Direction, _ window: Window, _ picture: Tensor,
    _ filter: MatrixView, _ result: UInt64, orElse columns: () -> Void
  ) -> Bool {
    guard let convolutions else { return false }
    let shape = ConvolutionShape(
      direction: direction, window: window, elementType: activationType)
    let buffers = ConvolutionBuffers(
      picture: picture.deviceAddress, filter: filter.address, result: result)
    return convolutions.perform(shape, buffers, orElse: columns)
  }
}
