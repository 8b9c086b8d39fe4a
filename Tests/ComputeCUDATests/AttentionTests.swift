import EmulatedDevice
import Foundation
import LinearAlgebra
import Tensors
import TestSupport
import Testing

@testable import Compute
@testable import ComputeCUDA

/// Attention's kernels on tensor cores against its definition in float64, over widths of heads and
/// counts of tokens that no tile divides.
@Suite struct AttentionTests {
  struct Example: CustomTestStringConvertible, Sendable {
    var samples = 1
    let queries: Int

    /// `nil`: the queries' own tokens.
    let keys: Int?
    var heads = 1
    let headWidth: Int
    var isCausal = false

    var testDescription: String {
      "\(queries) over \(keys ?? queries)\(isCausal ? " before" : ""), \(heads) × \(headWidth)"
    }
  }

  /// Each width that is compiled, with one that is computed in it, and one whose rows lie at odd
  /// addresses.
  static let examples = [
    Example(queries: 1, keys: 1, headWidth: 16),
    Example(samples: 2, queries: 70, keys: 77, heads: 2, headWidth: 8),
    Example(queries: 130, keys: nil, heads: 2, headWidth: 7, isCausal: true),
    Example(queries: 77, keys: nil, headWidth: 32, isCausal: true),
    Example(samples: 2, queries: 129, keys: 77, heads: 2, headWidth: 40),
    Example(queries: 100, keys: nil, headWidth: 40, isCausal: true),
    Example(queries: 65, keys: nil, heads: 2, headWidth: 64, isCausal: true),
    Example(queries: 33, keys: 77, headWidth: 48),
    Example(queries: 129, keys: 77, headWidth: 80),
    Example(queries: 40, keys: nil, headWidth: 128, isCausal: true),
    Example(queries: 35, keys: 77, headWidth: 160),
    Example(queries: 33, keys: 34, headWidth: 161),
    Example(queries: 3, keys: 70, headWidth: 512),
    // Few keys and many queries: blocks share the queries out.
    Example(queries: 600, keys: 5, headWidth: 16),
    Example(queries: 300, keys: 5, headWidth: 160),
  ]

  @Test(arguments: examples, [ElementType.bfloat16, .float16])
  func followsTheDefinition(_ example: Example, _ type: ElementType) {
    let backend = emulatedBackend(type)
    let (b, width) = (example.samples, example.heads * example.headWidth)
    let keys = example.keys ?? example.queries
    // The columns after the last are nobody's.
    let x = random([b, example.queries, (example.keys == nil ? 3 : 1) * width + 1], 1, on: backend)
    let pairs = example.keys == nil ? x : random([b, keys, 2 * width + 1], 2, on: backend)
    let dy = random([b, example.queries, width], 3, on: backend)
    let first = example.keys == nil ? width : 0
    let operands = AttentionOperands(
      queries: Columns(tensor: x, first: 0), keys: Columns(tensor: pairs, first: first),
      values: Columns(tensor: pairs, first: first + width), width: width, heads: example.heads,
      isCausal: example.isCausal)

    let y = Tensor(shape: dy.shape, elementType: type, on: backend)
    let logSums = Tensor(
      shape: [b, example.heads, example.queries], elementType: .float32, on: backend)
    backend.attention(operands, into: y, logSums: logSums)
    let dx = filled(x.shape, with: 99, on: backend)
    let dPairs = example.keys == nil ? dx : filled(pairs.shape, with: 99, on: backend)
    let gradients = AttentionGradients(
      queries: Columns(tensor: dx, first: 0), keys: Columns(tensor: dPairs, first: first),
      values: Columns(tensor: dPairs, first: first + width))
    backend.attentionBackward(operands, output: y, logSums: logSums, gradient: dy, into: gradients)

    let expected = AttentionDefinition(operands, gradient: dy)
    // Weights and slopes are rounded before they are multiplied, and Δ is made of the rounded y.
    let tolerance = type == .bfloat16 ? 2e-2 : 3e-3
    expect(logSums.values().map(Double.init), approximates: expected.logSums, within: 1e-5)
    expect(y.values().map(Double.init), approximates: expected.y, within: tolerance)
    for (columns, values) in [
      (gradients.queries, expected.dq), (gradients.keys, expected.dk),
      (gradients.values, expected.dv),
    ] {
      let gradient = (0..<b).flatMap { columns.matrix($0, width: width) }
      // Of one key alone the weight is 1, and its slope 0 but for what y was rounded by.
      if keys > 1 || columns.first == gradients.values.first {
        expect(gradient, approximates: values, within: tolerance)
      }
    }
    for tensor in [dx, dPairs] { #expect(tensor.lastColumn.allSatisfy { $0 == 99 }) }
    #expect(throws: Never.self) { try backend.check() }
  }

  private func random(_ shape: Shape, _ seed: UInt64, on backend: CUDABackend) -> Tensor {
    let tensor = Tensor(shape: shape, elementType: backend.activationType, on: backend)
    tensor.write(Philox(seed: seed, stream: 1).normals(count: tensor.count))
    return tensor
  }

  private func filled(_ shape: Shape, with value: Float, on backend: CUDABackend) -> Tensor {
    let tensor = Tensor(shape: shape, elementType: backend.activationType, on: backend)
    backend.fill(tensor, with: value)
    return tensor
  }
}

extension Tensor {
  fileprivate var lastColumn: [Float] {
    let values = values()
    return stride(from: channels - 1, to: values.count, by: channels).map { values[$0] }
  }
}
