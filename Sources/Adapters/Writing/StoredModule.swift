import Files
import LinearAlgebra
import Safetensors
import Tensors

/// One module as a naming stores it: its tensors' names, shapes and bytes.
struct StoredModule: Sendable {
  let module: ResultModule
  private let name: String
  private let naming: Naming
  let type: ElementType
  private let alphaType: ElementType

  /// The path that the module is written to, for errors.
  private let file: String

  init(
    _ module: ResultModule, name: String, naming: Naming, type: ElementType,
    alphaType: ElementType, file: String
  ) {
    self.module = module
    self.file = file
    self.name = name
    self.naming = naming
    self.type = type
    self.alphaType = alphaType
  }

  private func tensorName(_ part: Part) -> String {
    name + (naming.suffix(part, isTable: module.kind == .embedding) ?? "")
  }

  private var isTransposed: Bool { naming.isTransposed }

  /// The names and shapes of the tensors.
  var tensors: [Layout.Tensor] {
    var tensors: [Layout.Tensor] = []
    switch module.content {
    case .lowRank(let rank, _, _):
      let (up, down) = shapes(rank: rank)
      tensors.append(.init(name: tensorName(.up), type: type, shape: up))
      tensors.append(.init(name: tensorName(.down), type: type, shape: down))
      if naming.storesAlpha {
        tensors.append(.init(name: tensorName(.alpha), type: alphaType, shape: []))
      }
    case .experts(_, let count):
      let (up, down) = shapes(rank: module.rank * count)
      tensors.append(.init(name: tensorName(.up), type: type, shape: up))
      tensors.append(.init(name: tensorName(.down), type: type, shape: down))
    case .dense(let shape, _, _):
      tensors.append(.init(name: tensorName(densePart), type: type, shape: shape))
    case .biasOnly: break
    case .kept(_, let form):
      for part in form.parts.sorted(by: { $0.suffix < $1.suffix }) {
        tensors.append(
          .init(
            name: name + part.suffix, type: part.isNumber ? .float32 : type, shape: part.shape))
      }
    }
    if let bias = module.bias {
      tensors.append(.init(name: tensorName(biasPart), type: type, shape: [bias.count]))
    }
    return tensors
  }

  private var isNorm: Bool {
    if case .dense(_, true, _) = module.content { true } else { false }
  }

  private var densePart: Part { isNorm ? .normWeightDifference : .weightDifference }
  private var biasPart: Part { isNorm ? .normBiasDifference : .biasDifference }

  private func shapes(rank: Int) -> (up: Shape, down: Shape) {
    let extents = module.extents
    if isTransposed { return ([rank, extents.outputs], [extents.inputs, rank]) }
    let ones = extents.kernel.map { _ in 1 }
    return (
      Shape([extents.outputs, rank] + ones), Shape([rank, extents.inputs] + extents.kernel)
    )
  }

  /// Computes the weights, rounds and writes them, and measures their distance from the exact
  /// result.
  func write(to writer: SafetensorsWriter) throws -> Written.Module {
    let result = try writeWeight(to: writer)
    guard let bias = try module.bias?.values() else { return result }
    let stored = try store(bias, biasPart, to: writer)
    let error = zip(stored, bias).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return result.adding(
      asked: bias.squaredNorm, error: error, rounding: rounding(of: stored))
  }

  private func writeWeight(to writer: SafetensorsWriter) throws -> Written.Module {
    switch module.content {
    case .biasOnly: return written(rank: 0, asked: 0, error: 0, rounding: 0)
    case .experts(let members, let count):
      return try writeExperts(members, count: count, to: writer)
    case .kept(let module, _):
      defer { module.release() }
      return try KeptModule(module, naming: naming, type: type).write(as: name, to: writer)
    case .dense(_, _, let whole):
      let whole = try whole()
      let rounded = try store(whole.elements, densePart, to: writer)
      let error = zip(rounded, whole.elements).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return written(
        rank: min(whole.rows, whole.columns), asked: whole.squaredNorm, error: error,
        rounding: rounding(of: rounded))
    case .lowRank(let rank, let scale, let factors):
      let factors = try factors()
      defer { factors.release() }
      return try write(factors, rank: rank, scale: scale, to: writer)
    }
  }

  private func write(
    _ factors: Factors, rank: Int, scale: Double, to writer: SafetensorsWriter
  ) throws -> Written.Module {
    if case .approximation(let factors, let whole) = factors {
      let stored = try store(factors, scale: scale, rank: rank, to: writer)
      return written(
        rank: rank, asked: whole.squaredNorm, error: squaredDistance(stored, whole),
        rounding: rounding(of: stored, scale: scale))
    }
    if case .concatenation(let parts) = factors,
      let verbatim = VerbatimFactors(parts, type: type, naming: naming, rank: rank, scale: scale)
    {
      try verbatim.write(up: tensorName(.up), down: tensorName(.down), to: writer)
      try storeAlpha(scale: scale, rank: rank, to: writer)
      return written(rank: rank, asked: nil, error: 0, rounding: 0)
    }
    let (product, asked) = try factors.product()
    let stored = try store(product, scale: scale, rank: rank, to: writer)
    if let asked {
      return written(
        rank: rank, asked: squaredNorm(ofProduct: asked.up, asked.down),
        error: try squaredDistance(stored, asked), rounding: rounding(of: stored, scale: scale),
        terms: terms(of: stored))
    }
    let wanted = LowRank(up: product.up.scaled(by: scale), down: product.down)
    let error = squaredDifference(stored, wanted)
    if error == 0 { return written(rank: rank, asked: nil, error: 0, rounding: 0) }
    return written(
      rank: rank, asked: squaredNorm(ofProduct: wanted.up, wanted.down), error: error,
      rounding: rounding(of: stored, scale: scale), terms: terms(of: stored))
  }

  /// ‖up‖²·‖down‖², the upper bound of the product's squared norm.
  private func terms(of factors: LowRank) -> Double {
    factors.up.squaredNorm * factors.down.squaredNorm
  }

  func written(
    rank: Int, asked: Double?, error: Double, rounding: Double, terms: Double? = nil
  ) -> Written.Module {
    Written.Module(
      name: name, target: module.target, rank: rank, askedSquared: asked, errorSquared: error,
      roundingSquared: rounding, termsSquared: terms)
  }

  /// The upper bound of the rounding error's norm, squared.
  private func rounding(of stored: [Double]) -> Double {
    type.maxSquaredRoundingError(squaredNorm: stored.squaredNorm, count: stored.count)
  }

  /// The upper bound of the error that rounding factors and alpha causes in their product, as a
  /// squared norm: ‖δU·D + U·δD + δU·δD‖, bounded factor by factor.
  ///
  /// - Parameter stored: The factors as a reader multiplies them, with alpha / rank in up.
  func rounding(of stored: LowRank, scale: Double) -> Double {
    let factor = naming.storesAlpha ? abs(scale) : 1
    let (up, down) = (stored.up.squaredNorm, stored.down.squaredNorm)
    let ofUp = type.maxSquaredRoundingError(
      squaredNorm: up / (factor * factor), count: stored.up.elements.count
    ).squareRoot()
    let ofDown = type.maxSquaredRoundingError(squaredNorm: down, count: stored.down.elements.count)
      .squareRoot()
    // Rounding of alpha, stored in 32 bits, and of the 64-bit sums that measure the errors.
    let others = (naming.storesAlpha ? 0x1p-24 : 0x1p-44) * (up * down).squareRoot()
    let most =
      factor * ofUp * (down.squareRoot() + ofDown) + up.squareRoot() * ofDown + others
    return most * most
  }

  /// Writes the factors, and alpha if the naming stores it.
  ///
  /// - Returns: The update that a reader computes.
  private func store(
    _ factors: LowRank, scale: Double, rank: Int, to writer: SafetensorsWriter
  ) throws -> LowRank {
    let storesAlpha = naming.storesAlpha
    let alpha = try storeAlpha(scale: scale, rank: rank, to: writer)
    let up = try store(factors.up.scaled(by: storesAlpha ? 1 : scale), .up, to: writer)
    let down = try store(factors.down, .down, to: writer)
    return LowRank(up: up.scaled(by: storesAlpha ? Double(alpha) / Double(rank) : 1), down: down)
  }

  /// Writes alpha, if the naming stores it.
  ///
  /// - Returns: The alpha that readers find.
  @discardableResult
  private func storeAlpha(scale: Double, rank: Int, to writer: SafetensorsWriter) throws -> Float {
    let alpha = Float(scale * Double(rank))
    guard naming.storesAlpha else { return alpha }
    let bytes = encoded([Double(alpha)], as: alphaType)
    try unsafe writer.write(bytes.span.bytes, to: tensorName(.alpha))
    return unsafe floats(from: bytes.span.bytes, as: alphaType).first ?? alpha
  }

  /// Writes one factor.
  ///
  /// - Returns: The factor with the stored values.
  func store(_ matrix: Matrix, _ part: Part, to writer: SafetensorsWriter) throws -> Matrix {
    let laid = isTransposed ? matrix.transposed : matrix
    let rounded = Matrix(
      rows: laid.rows, columns: laid.columns, elements: try store(laid.elements, part, to: writer))
    return isTransposed ? rounded.transposed : rounded
  }

  /// Writes one tensor.
  ///
  /// - Returns: The stored values.
  /// - Throws: `.overflow` if the element type cannot hold one of them.
  private func store(
    _ elements: [Double], _ part: Part, to writer: SafetensorsWriter
  ) throws -> [Double] {
    let bytes = encoded(elements, as: type)
    let rounded = unsafe doubles(from: bytes.span.bytes, as: type)
    guard rounded.allSatisfy(\.isFinite) else {
      throw AdapterError(file: file, reason: .overflow(module: name, type: type))
    }
    try unsafe writer.write(bytes.span.bytes, to: tensorName(part))
    return rounded
  }
}
