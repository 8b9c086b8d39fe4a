package import Tensors

extension Tensor {
  /// Returns table[token] + positions[place] for token ids [b, t].
  ///
  /// - Parameters:
  ///   - table: [vocabulary, c].
  ///   - positions: [at least t, c].
  /// - Returns: [b, t, c].
  package func embedded(table: Tensor, positions: Tensor) -> Tensor {
    precondition(
      elementType == .int32 && shape.rank == 2 && shape.extents[1] <= positions.shape.extents[0]
        && table.channels == positions.channels, "tokens \(shape), places \(positions.shape)")
    let y = table.empty([shape.extents[0], shape.extents[1], table.channels])
    backend.embedTokens(self, table: table, positions: positions, into: y)
    return y
  }

  /// Returns some of the rows, [n, c], in the order of their places, [n] int32, each given once.
  package func rows(at places: Tensor) -> Tensor {
    precondition(places.elementType == .int32, "\(places.elementType.rawValue) are not places")
    let y = empty([places.count, channels])
    backend.takeRows(detached, at: places, into: y)
    guard let tape = Compute.tape(of: self) else { return y }
    return tape.record(y) { [node, detached] dy in
      node?.add(like: detached) { dx, accumulating in
        if !accumulating { dx.backend.fill(dx, with: 0) }
        dx.backend.addRows(dy, at: places, to: dx)
      }
    }
  }

  /// Returns [cos(t·f), sin(t·f)] for each number t of [n], with f_i = 10000^(−2i/width).
  ///
  /// - Returns: [n, width].
  package func sinusoids(width: Int, elementType: ElementType) -> Tensor {
    precondition(width % 2 == 0, "a cosine for each sine: \(width) is odd")
    let y = Tensor(shape: [count, width], elementType: elementType, on: backend)
    backend.embedTimesteps(self, into: y)
    return y
  }
}
