/// The similarity of several adapters over some layers; encodes as JSON.
///
/// Δᵢ is the update of adapter i, as one vector over all layers. In a layer, Qᵢ is an orthonormal
/// basis of its column space (outputs), Pᵢ of its row space (inputs), and rᵢ its rank.
/// - cosine: Σ⟨Δᵢ, Δⱼ⟩ / (‖Δᵢ‖·‖Δⱼ‖). 1: equal direction, 0: nothing in common, below 0: they
///   cancel.
/// - outputs: Σ‖QᵢᵀQⱼ‖² / Σ min(rᵢ, rⱼ), the mean squared cosine of the principal angles between
///   the column spaces, over the layers that both change. 1: one contains the other.
/// - inputs: the same for Pᵢ, Pⱼ.
struct Similarity: Encodable {
  /// A square matrix; `nil` where there is nothing to compare.
  let cosine: [[Double?]]
  let outputs: [[Double?]]
  let inputs: [[Double?]]

  /// The number of layers that two adapters both change; on the diagonal, that one changes.
  let sharedLayers: [[Int]]

  /// ‖Δᵢ‖.
  let norms: [Double]

  /// The mean of outputs and inputs for unrelated spaces.
  let outputChance: Double?
  let inputChance: Double?

  private enum CodingKeys: String, CodingKey {
    case cosine
    case outputs = "shared_outputs"
    case inputs = "shared_inputs"
    case sharedLayers = "shared_layers"
    case norms
    case outputChance = "outputs_by_chance"
    case inputChance = "inputs_by_chance"
  }

  init(_ layers: [LayerOverlap], count: Int) {
    let squares = (0..<count).map { file in
      layers.reduce(0) { $0 + ($1.squaredNorms[file] ?? 0) }
    }
    norms = squares.map { $0.squareRoot() }
    var sums: [LayerOverlap.PairKey: Sums] = [:]
    for layer in layers {
      for (key, pair) in layer.pairs { sums[key, default: Sums()].add(pair) }
    }
    func matrix<Value>(
      _ diagonal: [Value], _ value: (LayerOverlap.PairKey) -> Value
    ) -> [[Value]] {
      (0..<count).map { row in
        (0..<count).map { column in
          row == column
            ? diagonal[row]
            : value(.init(first: min(row, column), second: max(row, column)))
        }
      }
    }
    let ones = squares.map { $0 > 0 ? 1.0 : nil }
    let ownLayers = (0..<count).map { file in
      layers.count { $0.squaredNorms[file] != nil }
    }
    sharedLayers = matrix(ownLayers) { sums[$0]?.layers ?? 0 }
    cosine = matrix(ones) { key in
      let product = (squares[key.first] * squares[key.second]).squareRoot()
      guard product > 0 else { return nil }
      return min(1, max(-1, (sums[key]?.innerProduct ?? 0) / product))
    }
    outputs = matrix(ones) { sums[$0]?.share(\.outputs) }
    inputs = matrix(ones) { sums[$0]?.share(\.inputs) }
    outputChance = Self.mean(sums.values.compactMap { $0.share(\.outputChance) })
    inputChance = Self.mean(sums.values.compactMap { $0.share(\.inputChance) })
  }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.sorted().reduce(0, +) / Double(values.count)
  }

  /// The sums for one pair of files over layers.
  private struct Sums {
    var layers = 0
    var innerProduct = 0.0
    var outputs = 0.0
    var inputs = 0.0
    var dimensions = 0.0
    var outputChance = 0.0
    var inputChance = 0.0

    mutating func add(_ pair: LayerOverlap.Pair) {
      layers += 1
      innerProduct += pair.innerProduct
      outputs += pair.outputs
      inputs += pair.inputs
      dimensions += pair.dimensions
      outputChance += pair.outputChance
      inputChance += pair.inputChance
    }

    func share(_ value: KeyPath<Sums, Double>) -> Double? {
      dimensions > 0 ? min(1, self[keyPath: value] / dimensions) : nil
    }
  }
}
