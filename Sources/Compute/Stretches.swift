package import Tensors

/// Neighbouring elements of a tensor.
package struct Stretch {
  let tensor: Tensor
  let range: Range<Int>

  /// - Parameter range: Indices of the tensor's elements, all extents joined.
  package init(of tensor: Tensor, _ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= tensor.count)
    self.tensor = tensor
    self.range = range
  }
}

extension Tensor {
  /// Stretches of some tensors of one type, one after another, as one tensor.
  package init(joining stretches: [Stretch], shape: Shape) {
    guard let first = stretches.first?.tensor else { preconditionFailure("nothing to join") }
    let count = stretches.reduce(0) { $0 + $1.range.count }
    precondition(count == shape.elementCount, "stretches of \(count) elements are not \(shape)")
    let joined = first.empty(shape)
    var start = 0
    let places = stretches.map { stretch in
      defer { start += stretch.range.count }
      return start..<start + stretch.range.count
    }
    for (stretch, place) in zip(stretches, places) {
      let source = stretch.tensor.detached
      first.backend.copy(
        source.reshaped([source.count]).slice(stretch.range),
        into: joined.reshaped([count]).slice(place))
    }
    guard let tape = stretches.lazy.compactMap({ Compute.tape(of: $0.tensor) }).first else {
      self = joined
      return
    }
    self = tape.record(joined) { dy in
      for (stretch, place) in zip(stretches, places) {
        stretch.tensor.node?.add(like: stretch.tensor.detached) { dx, accumulating in
          if !accumulating { dx.backend.fill(dx, with: 0) }
          let part = dx.reshaped([dx.count]).slice(stretch.range)
          dx.backend.add(part, dy.reshaped([count]).slice(place), into: part)
        }
      }
    }
  }
}
