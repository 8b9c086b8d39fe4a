import Tensors

/// The computation so far, in order, so that gradients can be computed backwards.
///
/// A rule is dropped, with the tensors it kept, as soon as it has run.
package final class Tape {
  private struct Entry {
    let output: Node
    let backward: (Tensor) -> Void
  }

  private var entries: [Entry] = []

  /// Whether operations are recorded; off within the first pass of a checkpointed block.
  private(set) var isRecording = true

  package init() {}

  /// The number of recorded operations.
  package var count: Int { entries.count }

  /// Takes note of how the gradient of `output` reaches the inputs.
  func record(_ output: Tensor, backward: @escaping (Tensor) -> Void) -> Tensor {
    let node = Node(tape: self)
    entries.append(Entry(output: node, backward: backward))
    return output.attached(to: node)
  }

  /// The input with a node of its own: the gradient with respect to it will be wanted.
  package func watch(_ tensor: Tensor) -> Tensor { tensor.attached(to: Node(tape: self)) }

  /// Computes all gradients of `scale · output`, where `output` has one element.
  package func backward(from output: Tensor, scale: Float = 1) {
    precondition(output.count == 1, "gradients start from one number, not from \(output.shape)")
    let seed = output.empty(output.shape)
    output.backend.fill(seed, with: scale)
    backward(from: output, gradient: seed)
  }

  /// Computes all gradients of Σ gradient · output.
  package func backward(from output: Tensor, gradient: Tensor) {
    output.node?.add(gradient)
    unwind(to: 0)
  }

  /// Forgets what was recorded.
  package func reset() { entries = [] }

  private func unwind(to depth: Int) {
    while entries.count > depth {
      let entry = entries.removeLast()
      if let gradient = entry.output.take() { entry.backward(gradient) }
    }
  }

  /// Runs part of a network and keeps only its inputs; backward runs it a second time.
  ///
  /// `body` must compute the same twice, and reach the recorded world through its arguments and
  /// low-rank branches alone.
  package func checkpoint(_ inputs: [Tensor], _ body: @escaping ([Tensor]) -> Tensor) -> Tensor {
    guard isRecording else { return body(inputs) }
    isRecording = false
    let output = body(inputs.map(\.detached))
    isRecording = true
    return record(output) { [unowned self] gradient in
      let depth = entries.count
      let leaves = inputs.map { $0.node == nil ? $0 : watch($0) }
      body(leaves).node?.add(gradient)
      unwind(to: depth)
      for (input, leaf) in zip(inputs, leaves) where input.node != nil {
        if let gradient = leaf.node?.take() { input.node?.add(gradient) }
      }
    }
  }
}

/// Gathers the gradient of a tensor until the rule that made the tensor uses it.
package final class Node {
  package unowned let tape: Tape
  private var gradient: Tensor?

  init(tape: Tape) { self.tape = tape }

  /// The gradient so far, which is then forgotten.
  package func take() -> Tensor? {
    defer { gradient = nil }
    return gradient
  }

  /// Adds a gradient; the first is kept as it is, without a copy.
  func add(_ addend: Tensor) {
    guard gradient != nil else {
      gradient = addend.detached
      return
    }
    add(like: addend) { sum, _ in addend.backend.add(sum, addend, into: sum) }
  }

  /// Adds a gradient that `compute` writes.
  ///
  /// - Parameters:
  ///   - model: Has the shape and type of the gradient.
  ///   - compute: Writes to its first argument, or, where the second is true, adds to it.
  func add(like model: Tensor, _ compute: (_ into: Tensor, _ accumulating: Bool) -> Void) {
    guard var sum = take() else {
      let fresh = model.empty(model.shape)
      compute(fresh, false)
      gradient = fresh
      return
    }
    if !sum.isUniquelyReferenced() {
      let copy = sum.empty(sum.shape)
      sum.backend.copy(sum, into: copy)
      sum = copy
    }
    compute(sum, true)
    gradient = sum
  }
}

/// The tape on which an operation with these inputs must be recorded, if any.
func tape(of inputs: Tensor?...) -> Tape? {
  inputs.lazy.compactMap { $0?.node?.tape }.first { $0.isRecording }
}

/// Runs a rule that writes one input's gradient and may have other effects.
///
/// - Parameter always: Whether to run it, without a place to write to, where the input wants none.
func addGradient(
  to node: Node?, like model: Tensor, always: Bool,
  _ compute: (_ into: Tensor?, _ accumulating: Bool) -> Void
) {
  if let node {
    node.add(like: model) { compute($0, $1) }
  } else if always {
    compute(nil, false)
  }
}
