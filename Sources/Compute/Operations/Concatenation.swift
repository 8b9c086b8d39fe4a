import Tensors

extension Tensor {
  /// Returns the channels of both, side by side.
  package func concatenated(_ other: Tensor) -> Tensor {
    precondition(
      shape.extents.dropLast() == other.shape.extents.dropLast(),
      "\(shape) and \(other.shape) do not lie side by side")
    let (a, b) = (detached, other.detached)
    let y = empty(shape(channels: a.channels + b.channels))
    backend.copyColumns(of: a, from: 0, to: y, at: 0, width: a.channels, accumulating: false)
    backend.copyColumns(
      of: b, from: 0, to: y, at: a.channels, width: b.channels, accumulating: false)
    guard let tape = tape(of: self, other) else { return y }
    return tape.record(y) { [node] dy in
      for (node, part, first) in [(node, a, 0), (other.node, b, a.channels)] {
        node?.add(like: part) { dx, accumulating in
          dy.backend.copyColumns(
            of: dy, from: first, to: dx, at: 0, width: part.channels, accumulating: accumulating)
        }
      }
    }
  }

  /// Returns some of the channels; no gradient flows back.
  package func columns(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= channels, "\(range) of \(shape)")
    let y = empty(shape(channels: range.count))
    backend.copyColumns(
      of: detached, from: range.lowerBound, to: y, at: 0, width: range.count, accumulating: false)
    return y
  }
}
