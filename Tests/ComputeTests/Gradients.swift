import Compute
import Tensors
import TestSupport
import Testing

/// Expects the gradients of Σ w·f(inputs), w random, to be its differences, input by input.
///
/// - Parameters:
///   - inputs: Shapes of what `f` takes; their values are random.
///   - wanted: Which inputs have a gradient; the others get none.
func expectGradients(
  on backend: any Backend, inputs: [Shape], wanted: [Bool]? = nil, spread: Float = 1,
  tolerance: Double = 4e-3, sourceLocation: SourceLocation = #_sourceLocation,
  _ f: ([Tensor]) -> Tensor
) {
  let values = inputs.enumerated().map { index, shape in
    random(shape, seed: UInt64(11 + index)).map { $0 * spread }
  }
  let tape = Tape()
  let leaves = zip(inputs, values).enumerated().map { index, input in
    let tensor = Tensor(input.1, shape: input.0, on: backend)
    return wanted?[index] ?? true ? tape.watch(tensor) : tensor
  }
  let output = f(leaves)
  let weights = random(output.shape, seed: 5)
  tape.backward(from: output, gradient: Tensor(weights, shape: output.shape, on: backend))
  func objective(_ values: [[Float]]) -> Double {
    let tensors = zip(inputs, values).map { Tensor($1, shape: $0, on: backend) }
    return zip(f(tensors).values(), weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  for (index, leaf) in leaves.enumerated() where wanted?[index] ?? true {
    let gradient = leaf.node?.take()?.values() ?? []
    let expected = values[index].indices.map { element -> Double in
      let step: Float = 1e-2
      var (above, below) = (values, values)
      above[index][element] += step
      below[index][element] -= step
      return (objective(above) - objective(below)) / Double(2 * step)
    }
    expect(
      gradient.map(Double.init), approximates: expected, within: tolerance,
      sourceLocation: sourceLocation)
  }
}
