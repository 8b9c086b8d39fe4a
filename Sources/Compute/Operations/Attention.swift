import Tensors

/// Some columns of a matrix: the queries, keys or values within a joined product's result.
package struct Columns {
  /// [b, tokens, stride].
  package let tensor: Tensor
  package let first: Int

  package init(tensor: Tensor, first: Int) {
    self.tensor = tensor
    self.first = first
  }

  package var stride: Int { tensor.channels }
  package var tokens: Int { tensor.shape.extents[1] }
}

/// The operands of an attention; each head has `width / heads` neighbouring columns.
package struct AttentionOperands {
  package let queries: Columns
  package let keys: Columns
  package let values: Columns

  /// Columns of each of the three.
  package let width: Int
  package let heads: Int

  /// Whether a query sees only the keys up to its own place.
  package let isCausal: Bool

  package var samples: Int { queries.tensor.shape.extents[0] }
  package var headWidth: Int { width / heads }
  package var scale: Float { 1 / Float(headWidth).squareRoot() }
}

/// The gradients of an attention's operands: columns of the same layout.
package struct AttentionGradients {
  package let queries: Columns
  package let keys: Columns
  package let values: Columns
}

extension Tensor {
  /// Returns softmax(q kᵀ / √d) v for each head, from q, k, v side by side: [b, t, 3·width].
  ///
  /// The scores are computed by tiles and not kept: the backward pass computes them again from
  /// the logarithms of their sums.
  ///
  /// - Returns: [b, t, width].
  /// - Complexity: 4·b·t²·width operations, O(t) memory.
  ///
  /// Source: Dao et al., "FlashAttention" (2022).
  package func selfAttention(heads: Int, isCausal: Bool = false) -> Tensor {
    precondition(shape.rank == 3 && channels % (3 * heads) == 0, "\(heads) heads of \(shape)")
    let width = channels / 3
    let x = detached
    let operands = AttentionOperands(
      queries: Columns(tensor: x, first: 0), keys: Columns(tensor: x, first: width),
      values: Columns(tensor: x, first: 2 * width), width: width, heads: heads, isCausal: isCausal)
    return attention(operands, tape: tape(of: self)) { [node] rule in
      guard let node else { return }
      let dx = x.empty(x.shape)
      rule(
        AttentionGradients(
          queries: Columns(tensor: dx, first: 0), keys: Columns(tensor: dx, first: width),
          values: Columns(tensor: dx, first: 2 * width)))
      node.add(dx)
    }
  }

  /// Returns the attention of these queries, [b, t, width], over other tokens' keys and values.
  ///
  /// - Parameter keysValues: Keys and values side by side, [b, s, 2·width].
  /// - Returns: [b, t, width].
  package func crossAttention(_ keysValues: Tensor, heads: Int) -> Tensor {
    let width = channels
    precondition(
      shape.rank == 3 && width % heads == 0 && keysValues.shape.rank == 3
        && keysValues.channels == 2 * width && keysValues.shape.extents[0] == shape.extents[0],
      "\(heads) heads of \(shape) over \(keysValues.shape)")
    let (x, pairs) = (detached, keysValues.detached)
    let operands = AttentionOperands(
      queries: Columns(tensor: x, first: 0), keys: Columns(tensor: pairs, first: 0),
      values: Columns(tensor: pairs, first: width), width: width, heads: heads, isCausal: false)
    let nodes = (queries: node, pairs: keysValues.node)
    return attention(operands, tape: tape(of: self, keysValues)) { rule in
      let (dx, dPairs) = (x.empty(x.shape), pairs.empty(pairs.shape))
      rule(
        AttentionGradients(
          queries: Columns(tensor: dx, first: 0), keys: Columns(tensor: dPairs, first: 0),
          values: Columns(tensor: dPairs, first: width)))
      nodes.queries?.add(dx)
      nodes.pairs?.add(dPairs)
    }
  }

  /// The forward pass, and its record: `collect` makes room for gradients and hands them on.
  private func attention(
    _ operands: AttentionOperands, tape: Tape?,
    collect: @escaping ((AttentionGradients) -> Void) -> Void
  ) -> Tensor {
    let tokens = shape.extents[1]
    let y = empty([operands.samples, tokens, operands.width])
    let logSums = Tensor(
      shape: [operands.samples, operands.heads, tokens], elementType: .float32, on: backend)
    backend.attention(operands, into: y, logSums: logSums)
    guard let tape else { return y }
    return tape.record(y) { dy in
      collect { gradients in
        y.backend.attentionBackward(
          operands, output: y, logSums: logSums, gradient: dy, into: gradients)
      }
    }
  }
}
