import Adapters
import Glibc
import LinearAlgebra
import Names
import Safetensors
import Tensors

/// The measurements of one module.
struct ModuleInspection: Encodable, Sendable {
  let name: String
  let target: String
  let block: String
  let blockID: Block
  let algorithm: String
  let kind: String
  let out: Int
  let `in`: Int
  let kernel: [Int]?
  let rank: Int
  let alpha: Double?
  let scale: Double
  let dtype: String

  /// The number of bytes per rank; 0 if the module is not a product whose rank can be reduced.
  let bytesPerRank: Int

  /// The Frobenius norm of scale·up·down; `nil` if the update needs the base model's weights.
  let norm: Double?
  let spectralNorm: Double?

  /// The exponential of the entropy of the singular values (Roy and Vetterli, 2007).
  let effectiveRank: Double?

  /// The share of the squared norm that the best approximation of a smaller rank keeps.
  let energy: [String: Double]?

  /// The singular values, largest first.
  let singularValues: [Double]?
  let isFinite: Bool

  private enum CodingKeys: String, CodingKey {
    case name
    case target
    case block
    case algorithm
    case kind
    case out
    case `in`
    case kernel
    case rank
    case alpha
    case scale
    case dtype
    case norm
    case spectralNorm = "spectral_norm"
    case effectiveRank = "effective_rank"
    case energy
    case singularValues = "singular_values"
  }
}

extension ModuleInspection {
  init(
    _ module: Module, measure: InspectionDepth.Measure
  ) throws {
    let update = module.hasUpdate ? try module.inspectedUpdate() : nil
    let isFinite = update?.isFinite ?? true
    let values = isFinite && measure == .spectra ? try update?.singularValues() : nil
    module.release()

    name = module.name
    target = module.target.description
    blockID = Block(of: module.target)
    block = blockID.label
    algorithm = module.algorithm.name
    bytesPerRank = module.bytesPerRank
    kind = module.kind.rawValue
    out = module.extents.outputs
    self.in = module.extents.inputs
    kernel = module.extents.isConvolution ? module.extents.kernel : nil
    rank = module.rank
    alpha = module.alpha
    scale = module.scale
    dtype = module.type.rawValue
    norm = update.map { isFinite ? $0.squaredNorm.squareRoot() : .nan }
    spectralNorm = values.map { $0.first ?? 0 }
    effectiveRank = values.map(Self.effectiveRank)
    energy = values.map { Self.energies(of: $0, rank: module.rank) }
    singularValues = values
    self.isFinite = isFinite
  }

  static func effectiveRank(of values: [Double]) -> Double {
    let sum = values.reduce(0, +)
    guard sum > 0 else { return 0 }
    let entropy = values.reduce(0) { $1 > 0 ? $0 - $1 / sum * log($1 / sum) : $0 }
    return exp(entropy)
  }

  /// The share of energy kept at half the rank, a quarter, and so on to 1.
  private static func energies(of values: [Double], rank: Int) -> [String: Double] {
    var energies: [String: Double] = [:]
    var smaller = (rank > 0 ? rank : values.count) / 2
    while smaller >= 1 {
      energies[String(smaller)] = energyKept(of: values, rank: smaller)
      smaller /= 2
    }
    return energies
  }
}

/// The share of Σσ² in the first values; 1 if there are none.
func energyKept(of values: [Double], rank: Int) -> Double {
  let total = values.reduce(0) { $0 + $1 * $1 }
  return total > 0 ? values.prefix(rank).reduce(0) { $0 + $1 * $1 } / total : 1
}

extension Module {
  fileprivate var bytesPerRank: Int {
    algorithm.hasFactors ? (extents.outputs + extents.columns) * type.bitCount / 8 : 0
  }

  /// The update of the weight, or of the bias if the module changes only that.
  fileprivate func inspectedUpdate() throws -> Update {
    guard !changesWeight, let bias = try biasDifference() else {
      return try update()
    }
    return .dense(Matrix(rows: bias.count, columns: 1, elements: bias))
  }
}
