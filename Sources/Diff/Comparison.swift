import Adapters
import LinearAlgebra
import Names
import Safetensors
import Tensors

/// Two adapters compared: norms, differences, cosines.
struct Comparison: Encodable {
  struct Module: Encodable, Sendable {
    let name: String
    let target: String
    let block: String
    let normA: Double
    let normB: Double
    let normDifference: Double
    let innerProduct: Double

    var cosine: Double? { normA * normB > 0 ? innerProduct / (normA * normB) : nil }

    private enum CodingKeys: String, CodingKey {
      case name
      case target
      case block
      case normA = "norm_a"
      case normB = "norm_b"
      case normDifference = "norm_difference"
      case cosine
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(target, forKey: .target)
      try container.encode(block, forKey: .block)
      try container.encode(normA, forKey: .normA)
      try container.encode(normB, forKey: .normB)
      try container.encode(normDifference, forKey: .normDifference)
      try container.encode(cosine, forKey: .cosine)
    }
  }

  let modules: [Module]
  let onlyInA: [String]
  let onlyInB: [String]

  /// Tensors that belong to no module and so have no update to compare.
  let notCompared: LeftOut

  var normA: Double { total(modules.map(\.normA)) }
  var normB: Double { total(modules.map(\.normB)) }
  var normDifference: Double { total(modules.map(\.normDifference)) }

  /// ‖B − A‖ over the larger of ‖A‖ and ‖B‖; 0 where both are zero.
  var relativeDifference: Double {
    let scale = max(normA, normB)
    return scale > 0 ? normDifference / scale : 0
  }

  var cosine: Double? {
    let product = normA * normB
    return product > 0 ? modules.reduce(0) { $0 + $1.innerProduct } / product : nil
  }

  /// Whether the two updates are equal within the precision of 32-bit floats.
  var isSame: Bool { relativeDifference <= 1e-7 }

  private func total(_ norms: [Double]) -> Double {
    norms.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private enum CodingKeys: String, CodingKey {
    case relativeDifference = "relative_difference"
    case normA = "norm_a"
    case normB = "norm_b"
    case normDifference = "norm_difference"
    case cosine
    case onlyInA = "only_in_a"
    case onlyInB = "only_in_b"
    case notCompared = "not_compared"
    case modules
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(relativeDifference, forKey: .relativeDifference)
    try container.encode(normA, forKey: .normA)
    try container.encode(normB, forKey: .normB)
    try container.encode(normDifference, forKey: .normDifference)
    try container.encode(cosine, forKey: .cosine)
    try container.encode(onlyInA, forKey: .onlyInA)
    try container.encode(onlyInB, forKey: .onlyInB)
    try container.encode(notCompared, forKey: .notCompared)
    try container.encode(modules, forKey: .modules)
  }
}

extension Comparison {
  /// Compares a combination's first input, B, with its second, A.
  init(of combination: Combination, threads: Int, onModule: @Sendable () -> Void) throws {
    let layers = combination.layers
    modules = try parallelMap(count: layers.count, threads: threads) { index in
      let module = try Module(layers[index], signs: combination.inputs.map(\.weight))
      onModule()
      return module
    }
    onlyInA = combination.modules(onlyIn: 1)
    onlyInB = combination.modules(onlyIn: 0)
    notCompared = combination.inputs.foreignNames
  }
}

extension Comparison.Module {
  fileprivate init(_ layer: Combination.Layer, signs: [Double]) throws {
    defer { layer.release() }
    // The combination subtracts A; the sign undoes that, so that each input counts as what it adds.
    let parts = try signs.enumerated().map { try Part(layer, of: $0, sign: $1) }
    let (b, a) = (parts[0], parts[1])
    let squaredA = a.squaredNorm
    let squaredB = b.squaredNorm
    name = layer.terms[0].module.name
    target = layer.target.description
    block = Block(of: layer.target).label
    normA = squaredA.squareRoot()
    normB = squaredB.squareRoot()
    normDifference = try b.squaredDistance(from: a).squareRoot()
    innerProduct = b.innerProduct(with: a)
  }
}

/// One input's update of a layer.
private struct Part {
  private let weight: LowRank
  private let bias: [Double]

  init(_ layer: Combination.Layer, of input: Int, sign: Double) throws {
    let sum = try layer.sum(of: input)
    weight = LowRank(up: sum.up.scaled(by: sign), down: sum.down)
    bias = try (layer.bias(of: input) ?? []).map { $0 * sign }
  }

  var squaredNorm: Double {
    LinearAlgebra.squaredNorm(ofProduct: weight.up, weight.down)
      + bias.reduce(0) { $0 + $1 * $1 }
  }

  func squaredDistance(from other: Part) throws -> Double {
    let ofWeights =
      weight.rank == other.weight.rank
      ? squaredDifference(weight, other.weight)
      : try Adapters.squaredDistance(weight, other.weight)
    return ofWeights
      + zip(bias, other.bias).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  func innerProduct(with other: Part) -> Double {
    LinearAlgebra.innerProduct(weight.up, weight.down, other.weight.up, other.weight.down)
      + zip(bias, other.bias).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
