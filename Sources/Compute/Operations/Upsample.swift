import Tensors

extension Tensor {
  /// Returns the picture at another extent; each pixel is the source's at ⌊i · h / h'⌋.
  package func upsampled(height: Int, width: Int) -> Tensor {
    precondition(shape.rank == 4 && height > 0 && width > 0, "\(shape)")
    let x = detached
    let y = empty([shape.extents[0], height, width, channels])
    backend.upsample(x, into: y)
    guard let tape = tape(of: self) else { return y }
    return tape.record(y) { [node] dy in
      node?.add(like: x) { dx, accumulating in
        dx.backend.upsampleBackward(dy, into: dx, accumulating: accumulating)
      }
    }
  }
}
