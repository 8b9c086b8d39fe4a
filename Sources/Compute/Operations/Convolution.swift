package import Tensors

/// Zeros around a picture, in pixels.
package struct Padding: Hashable, Sendable {
  package let top: Int
  package let left: Int
  package let bottom: Int
  package let right: Int

  package init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  /// The same on all four sides.
  package init(_ width: Int) { self.init(top: width, left: width, bottom: width, right: width) }
}

package struct ConvolutionOperands {
  /// [b, h, w, inputs].
  package let x: Tensor

  /// [outputs, kh, kw, inputs].
  package let weight: Tensor
  package let bias: Tensor?

  /// [b, outputs], added to every pixel of its sample: the time embedding.
  package let sampleBias: Tensor?

  /// A tensor of the result's shape that is added to it.
  package let residual: Tensor?
  package let stride: Int
  package let padding: Padding
  package let branch: LowRankBranch?

  package var inputs: Int { weight.shape.extents[3] }
  package var outputs: Int { weight.shape.extents[0] }
  package var kernel: (height: Int, width: Int) {
    (weight.shape.extents[1], weight.shape.extents[2])
  }

  package var outputShape: Shape {
    let e = x.shape.extents
    let height = (e[1] + padding.top + padding.bottom - kernel.height) / stride + 1
    let width = (e[2] + padding.left + padding.right - kernel.width) / stride + 1
    return [e[0], height, width, outputs]
  }

  /// The same as a product of x's pixels, without `sampleBias`, where each pixel of the result sees
  /// one pixel and its own.
  package var product: LinearOperands? {
    guard kernel == (1, 1), stride == 1, padding == Padding(0) else { return nil }
    return LinearOperands(
      x: x, weight: weight.reshaped([outputs, inputs]), bias: bias, residual: residual,
      branch: branch)
  }
}

/// The extents of a convolution: its picture, kernel, stride, padding and result.
package struct Window: Hashable, Sendable {
  package let samples: Int
  package let height: Int
  package let width: Int
  package let inputs: Int
  package let resultHeight: Int
  package let resultWidth: Int
  package private(set) var outputs: Int
  package let kernelHeight: Int
  package let kernelWidth: Int
  package let stride: Int
  package let padding: Padding

  package init(_ operands: ConvolutionOperands) {
    let (picture, result) = (operands.x.shape.extents, operands.outputShape.extents)
    (samples, height, width, inputs) = (picture[0], picture[1], picture[2], picture[3])
    (resultHeight, resultWidth, outputs) = (result[1], result[2], result[3])
    (kernelHeight, kernelWidth) = operands.kernel
    (stride, padding) = (operands.stride, operands.padding)
  }

  /// The number of inputs of one pixel of the result.
  package var patch: Int { kernelHeight * kernelWidth * inputs }
  package var inputPixels: Int { samples * height * width }
  package var resultPixels: Int { samples * resultHeight * resultWidth }

  /// The same for another number of outputs.
  package func to(outputs: Int) -> Window {
    var window = self
    window.outputs = outputs
    return window
  }
}

extension Tensor {
  /// Returns the convolution of a picture, plus biases, residual and low-rank branch.
  ///
  /// - Parameters:
  ///   - weight: [outputs, kh, kw, inputs], without a gradient.
  ///   - sampleBias: [b, outputs].
  ///   - branch: One part; D is [rank, kh, kw, inputs] and sees the same pixels as the weight.
  /// - Complexity: 2·(pixels of the result)·kh·kw·inputs·outputs operations.
  package func convolution(
    _ weight: Tensor, bias: Tensor? = nil, sampleBias: Tensor? = nil,
    adding residual: Tensor? = nil, stride: Int = 1, padding: Padding = Padding(1),
    branch: LowRankBranch? = nil
  ) -> Tensor {
    let operands = ConvolutionOperands(
      x: detached, weight: weight, bias: bias, sampleBias: sampleBias?.detached,
      residual: residual?.detached, stride: stride, padding: padding, branch: branch)
    operands.check()
    let y = empty(operands.outputShape)
    let saved = branch.map {
      $0.activations(rows: y.rows, samples: y.shape.extents[0], on: backend)
    }
    backend.convolution(operands, into: y, saving: saved)
    guard let tape = tape(of: self, sampleBias, residual) ?? branch?.recordingTape else { return y }
    let kept = operands.withoutAddends
    return tape.record(y) { [node] dy in
      residual?.node?.add(dy)
      if let sampleBias {
        sampleBias.node?.add(like: sampleBias) { sums, accumulating in
          sums.backend.sumOverPixels(dy, into: sums, accumulating: accumulating)
        }
      }
      addGradient(to: node, like: kept.x, always: branch?.gradient != nil) { dx, accumulating in
        dy.backend.convolutionBackward(
          kept, saved: saved, gradient: dy, into: dx, accumulating: accumulating)
      }
    }
  }
}

extension ConvolutionOperands {
  func check() {
    precondition(
      x.shape.rank == 4 && weight.shape.rank == 4 && x.channels == inputs,
      "x is \(x.shape), the weight \(weight.shape)")
    precondition(bias == nil || bias?.count == outputs)
    precondition(residual == nil || residual?.shape == outputShape)
    precondition(sampleBias == nil || sampleBias?.shape == [x.shape.extents[0], outputs])
    precondition(branch == nil || branch?.parts.count == 1)
    branch?.check(inputs: kernel.height * kernel.width * inputs, outputs: outputs)
  }

  /// The operands that the backward pass needs.
  var withoutAddends: ConvolutionOperands {
    ConvolutionOperands(
      x: x, weight: weight, bias: nil, sampleBias: nil, residual: nil, stride: stride,
      padding: padding, branch: branch)
  }
}
