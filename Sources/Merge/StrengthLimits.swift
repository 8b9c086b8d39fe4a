import Adapters
import Names
import Results
import Tensors

/// Limits that keep a sum of several files from becoming too strong.
struct StrengthLimits {
  /// Whether the sum's norm is limited to that of its strongest input.
  let limitsEnergy: Bool

  /// The smallest factor for inputs that are nearly orthogonal.
  let floor: Double?

  /// Whether the root of the sum of a block's squared strengths is limited to 1.
  let limitsBlocks: Bool

  var isEmpty: Bool { !limitsEnergy && !limitsBlocks }

  /// Applies the limits, blocks first; returns the sum and the notes on its weights.
  func applied(
    to combination: Combination, threads: Int, onLayer: @Sendable () -> Void
  ) throws -> (Combination, MergeNotes) {
    var (result, notes) = (combination, MergeNotes())
    if limitsBlocks {
      let factors = Self.blockFactors(of: result)
      notes.blocks = factors.sorted { $0.key < $1.key }.map { ($0.key.label, $0.value) }
      result = result.reweighted { _, target in factors[Block(of: target)] ?? 1 }
    }
    if limitsEnergy {
      let products = try result.innerProducts(threads: threads, onLayer: onLayer)
      let count = result.inputs.count
      let energy = energy(of: products.reduce(Matrix(zeros: count, count), +))
      notes.energy = energy
      result = result.scaled(by: energy.scale)
    }
    return (result, notes)
  }

  /// The factor of each block's strengths, for blocks above the limit.
  ///
  /// Source: DonutsDelivery/ComfyUI-DonutNodes, "Safe Stack".
  static func blockFactors(of combination: Combination) -> [Block: Double] {
    var strengths: [Block: [Int: Double]] = [:]
    for layer in combination.layers {
      for term in layer.terms {
        strengths[Block(of: layer.target), default: [:]][term.input, default: 0] = max(
          strengths[Block(of: layer.target)]?[term.input] ?? 0, abs(term.weight))
      }
    }
    return strengths.compactMapValues { inputs in
      let root = inputs.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return root > 1 + 1e-12 ? 1 / root : nil
    }
  }

  /// The common factor of all weights.
  ///
  /// Source: ethanfel/ComfyUI-LoRA-Optimizer, "Auto-Strength": the sum gets the energy of the
  /// strongest input; a floor may keep more if the inputs are nearly orthogonal.
  ///
  /// - Parameter products: The inner products of every two inputs, weights included.
  private func energy(of products: Matrix) -> MergeNotes.Energy {
    let norms = (0..<products.rows).map { max(0, products[$0, $0]).squareRoot() }
    let strongest = norms.max() ?? 0
    let sum = max(0, products.elements.reduce(0, +)).squareRoot()
    let pairs = norms.indices.flatMap { i in norms.indices.filter { $0 > i }.map { (i, $0) } }
      .filter { norms[$0] * norms[$1] > 0 }
    let cosines = pairs.map { products[$0, $1] / (norms[$0] * norms[$1]) }
    let meanCosine = cosines.isEmpty ? nil : cosines.reduce(0, +) / Double(cosines.count)
    let scale = pairs.isEmpty || sum == 0 ? 1 : min(1, strongest / sum)
    let floor = abs(meanCosine ?? 1) <= 0.1 ? floor ?? 0 : 0
    return MergeNotes.Energy(
      scale: max(scale, floor), strongest: strongest, sum: sum, meanCosine: meanCosine,
      isFloor: floor > scale)
  }
}
