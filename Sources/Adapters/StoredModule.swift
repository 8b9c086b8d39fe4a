import Files
import LinearAlgebra
import Safetensors
import Tensors

/// One module as a naming stores it: its tensors' names, shapes and bytes.
struct StoredModule: Sendable {
  private let module: ResultModule
  private let name: String
  private let naming: Naming
  private let type: ElementType

  init(_ module: ResultModule, name: String, naming: Naming, type: ElementType) {
    self.module = module
    self.name = name
    self.naming = naming
    self.type = type
  }

  private func tensorName(_ part: Part) -> String { name + naming.suffix(part, module.kind) }

  private var isTransposed: Bool { naming == .mlx }

  /// The names and shapes of the tensors.
  var tensors: [Layout.Tensor] {
    var tensors: [Layout.Tensor] = []
    switch module.form {
    case .lowRank(let rank, _):
      let (up, down) = shapes(rank: rank)
      tensors.append(.init(name: tensorName(.up), type: type, shape: up))
      tensors.append(.init(name: tensorName(.down), type: type, shape: down))
      if naming.storesAlpha {
        tensors.append(.init(name: tensorName(.alpha), type: .float32, shape: []))
      }
    case .dense(let shape, _):
      tensors.append(.init(name: tensorName(densePart), type: type, shape: shape))
    case .biasOnly: break
    }
    if let biasCount = module.biasCount {
      tensors.append(.init(name: tensorName(biasPart), type: type, shape: [biasCount]))
    }
    return tensors
  }

  private var densePart: Part {
    if case .dense(_, true) = module.form { .normWeightDifference } else { .weightDifference }
  }

  private var biasPart: Part {
    if case .dense(_, true) = module.form { .normBiasDifference } else { .biasDifference }
  }

  private func shapes(rank: Int) -> (up: Shape, down: Shape) {
    let extents = module.extents
    if isTransposed { return ([rank, extents.outputs], [extents.inputs, rank]) }
    let ones = extents.kernel.map { _ in 1 }
    return (
      Shape([extents.outputs, rank] + ones), Shape([rank, extents.inputs] + extents.kernel)
    )
  }

  /// Rounds the weights, writes them, and measures how far they are from what was asked for.
  func write(_ weights: ResultWeights, to writer: SafetensorsWriter) throws -> Written.Module {
    if let bias = weights.bias {
      try unsafe writer.write(encoded(bias, as: type).span.bytes, to: tensorName(biasPart))
    }
    switch (module.form, weights.values) {
    case (.lowRank(let rank, let scale), _):
      if case .concatenation(let parts) = weights.values,
        let verbatim = VerbatimFactors(parts, type: type, naming: naming, rank: rank, scale: scale)
      {
        try verbatim.write(up: tensorName(.up), down: tensorName(.down), to: writer)
        try storeAlpha(scale: scale, rank: rank, to: writer)
        return Written.Module(
          name: name, target: module.target, rank: rank, askedSquared: nil, errorSquared: 0)
      }
      guard let (factors, asked) = try weights.values.lowRank() else { break }
      let stored = try store(factors, scale: scale, rank: rank, to: writer)
      let wanted = LowRank(up: factors.up.scaled(by: scale), down: factors.down)
      return result(rank: rank, stored, wanted: wanted, asked: asked)
    case (.lowRank(let rank, let scale), .approximation(let factors, let whole)):
      let stored = try store(factors, scale: scale, rank: rank, to: writer)
      return Written.Module(
        name: name, target: module.target, rank: rank, askedSquared: whole.squaredNorm,
        errorSquared: squaredDistance(stored, whole))
    case (.biasOnly, .biasOnly):
      return Written.Module(
        name: name, target: module.target, rank: 0, askedSquared: 0, errorSquared: 0)
    case (.dense, .dense(let whole)):
      let bytes = encoded(whole.elements, as: type)
      try unsafe writer.write(bytes.span.bytes, to: tensorName(densePart))
      let rounded = unsafe doubles(from: bytes.span.bytes, as: type)
      let error = zip(rounded, whole.elements).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return Written.Module(
        name: name, target: module.target, rank: min(whole.rows, whole.columns),
        askedSquared: whole.squaredNorm, errorSquared: error)
    default: break
    }
    preconditionFailure("'\(name)' was planned in another form than it was computed in")
  }

  /// Writes the factors, and alpha where the naming has it.
  ///
  /// - Returns: The update that a reader finds.
  private func store(
    _ factors: LowRank, scale: Double, rank: Int, to writer: SafetensorsWriter
  ) throws -> LowRank {
    let storesAlpha = naming.storesAlpha
    let alpha = try storeAlpha(scale: scale, rank: rank, to: writer)
    let up = try store(factors.up.scaled(by: storesAlpha ? 1 : scale), .up, to: writer)
    let down = try store(factors.down, .down, to: writer)
    return LowRank(up: up.scaled(by: storesAlpha ? Double(alpha) / Double(rank) : 1), down: down)
  }

  /// Writes alpha, where the naming has it.
  ///
  /// - Returns: The alpha that readers find.
  @discardableResult
  private func storeAlpha(scale: Double, rank: Int, to writer: SafetensorsWriter) throws -> Float {
    let alpha = Float(scale * Double(rank))
    if naming.storesAlpha {
      let bytes = encoded([Double(alpha)], as: .float32)
      try unsafe writer.write(bytes.span.bytes, to: tensorName(.alpha))
    }
    return alpha
  }

  /// Writes one factor.
  ///
  /// - Returns: The factor with the values that were stored.
  private func store(_ matrix: Matrix, _ part: Part, to writer: SafetensorsWriter) throws -> Matrix
  {
    let laid = isTransposed ? matrix.transposed : matrix
    let bytes = encoded(laid.elements, as: type)
    try unsafe writer.write(bytes.span.bytes, to: tensorName(part))
    let rounded = Matrix(
      rows: laid.rows, columns: laid.columns,
      elements: unsafe doubles(from: bytes.span.bytes, as: type))
    return isTransposed ? rounded.transposed : rounded
  }

  private func result(
    rank: Int, _ written: LowRank, wanted: LowRank, asked: LowRank?
  ) -> Written.Module {
    let error = asked.map { squaredDistance(written, $0) } ?? squaredDifference(written, wanted)
    let asked = asked ?? wanted
    return Written.Module(
      name: name, target: module.target, rank: rank,
      askedSquared: squaredNorm(ofProduct: asked.up, asked.down), errorSquared: error)
  }
}

/// ‖A − B‖² of two products of one rank whose factors lie close to each other.
///
/// A − B = (U₁ − U₂)D₁ + U₂(D₁ − D₂): nothing cancels, and what is equal gives exactly 0.
package func squaredDifference(_ a: LowRank, _ b: LowRank) -> Double {
  let (ups, downs) = (a.up - b.up, a.down - b.down)
  let differUps = ups.elements.contains { $0 != 0 }
  let differDowns = downs.elements.contains { $0 != 0 }
  switch (differUps, differDowns) {
  case (false, false): return 0
  case (true, false): return squaredNorm(ofProduct: ups, a.down)
  case (false, true): return squaredNorm(ofProduct: b.up, downs)
  case (true, true):
    return squaredNorm(
      ofProduct: .joiningColumns([ups, b.up]), .joiningRows([a.down, downs]))
  }
}

/// ‖A − B‖² of any two products, to about 1e-16·(‖A‖² + ‖B‖²).
package func squaredDistance(_ a: LowRank, _ b: LowRank) -> Double {
  if a.rank == b.rank && a == b { return 0 }
  return squaredNorm(
    ofProduct: .joiningColumns([a.up, b.up.scaled(by: -1)]), .joiningRows([a.down, b.down]))
}

/// ‖UD − A‖², of the difference formed a few rows at a time: nothing cancels.
func squaredDistance(_ factors: LowRank, _ whole: Matrix) -> Double {
  let height = max(1, (1 << 20) / max(whole.columns, 1))
  var sum = 0.0
  for start in stride(from: 0, to: whole.rows, by: height) {
    let rows = start..<min(start + height, whole.rows)
    let part = product(factors.up.rows(in: rows), factors.down)
    let elements = whole.elements[rows.lowerBound * whole.columns..<rows.upperBound * whole.columns]
    for (a, b) in zip(part.elements, elements) { sum += (a - b) * (a - b) }
  }
  return sum
}
