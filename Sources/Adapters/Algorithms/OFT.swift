import LinearAlgebra
import Names
import Safetensors
import Tensors

/// Rotates each block of rows by Rᵀ, then rescales it.
///
/// Source: Qiu et al., OFT (arXiv 2306.07280), as LyCORIS and sd-scripts store it.
struct OFT: Algorithm {
  let name = "oft"
  let title = "OFT"
  let hasUpdate = false
  let tellsExtents = false

  func isMade(of parts: PartShapes, for target: Target) -> Bool {
    parts.holds(.orthogonalBlocks, .orthogonalBlocksOfRows(0))
  }

  /// The extents of a list of blocks: each item rotates its own rows, and the rows add up.
  func extents(of parts: PartShapes) -> Module.Extents? {
    let items = parts.listOfBlocks
    if items.isEmpty { return parts.rotatedExtents }
    guard items.allSatisfy({ $0.count == 3 && $0[1] == $0[2] }) else { return nil }
    return Module.Extents(
      outputs: items.reduce(0) { $0 + $1[0] * $1[1] }, inputs: 1, kernel: [])
  }

  func change(of weight: Matrix, isTransposed: Bool, by module: Module) throws -> Matrix {
    if module.parts[.orthogonalBlocksOfRows(0)] != nil {
      return try module.rescaled(turned(weight, byListOf: module)) - weight
    }
    try module.refuseRotationOfPEFT()
    guard let shape = module.parts[.orthogonalBlocks]?.shape, shape.rank == 3,
      shape.extents[1] == shape.extents[2], shape.extents[0] * shape.extents[1] == weight.rows
    else { throw module.misfit(weight) }
    let turned = try module.turned(weight, by: .orthogonalBlocks, size: shape.extents[1])
    return try module.rescaled(turned) - weight
  }

  /// Rotates each range of rows by its item of the list: q, k, v and the mlp.
  ///
  /// Source: sd-scripts, `networks/oft_flux.py`.
  private func turned(_ weight: Matrix, byListOf module: Module) throws -> Matrix {
    guard module.extents.outputs == weight.rows else { throw module.misfit(weight) }
    var start = 0
    var turned: [Matrix] = []
    while let shape = module.parts[.orthogonalBlocksOfRows(turned.count)]?.shape {
      let rows = start..<start + shape.extents[0] * shape.extents[1]
      turned.append(
        try module.turned(
          weight.rows(in: rows), by: .orthogonalBlocksOfRows(turned.count), size: shape.extents[1]))
      start = rows.upperBound
    }
    return .joiningRows(turned)
  }

  func obstacle(to naming: Naming, of module: Module) -> String? {
    module.obstacleOfRotation(to: naming)
  }
}

extension PartShapes {
  /// The extents of a list's items, up to the first gap.
  fileprivate var listOfBlocks: [[Int]] {
    var items: [[Int]] = []
    while let extents = extents(.orthogonalBlocksOfRows(items.count)) { items.append(extents) }
    return items
  }

  /// The extents of the rotated blocks b × b on the diagonal: [n, b, b], BOFT's [m, n, b, b].
  ///
  /// OFTv2 stores the strict upper triangles, [n, b·(b − 1)/2], and rotates the layer's input.
  var rotatedExtents: Module.Extents? {
    guard let extents = extents(.orthogonalBlocks), let last = extents.last else { return nil }
    if extents.count >= 3 {
      let blocks = extents[extents.count - 3]
      return Module.Extents(outputs: blocks * last, inputs: 1, kernel: [])
    }
    if extents.count == 2, parts[.orthogonalBlocks]?.spelling == .peft {
      let width = Int((1 + Double(1 + 8 * last).squareRoot()) / 2)
      return Module.Extents(outputs: 1, inputs: extents[0] * width, kernel: [])
    }
    return Module.Extents(outputs: extents.reduce(1, *), inputs: 1, kernel: [])
  }
}

extension Module {
  /// Whether the blocks are a rotation as PEFT trains it.
  private var isRotationOfPEFT: Bool { parts[.orthogonalBlocks]?.spelling == .peft }

  func obstacleOfRotation(to naming: Naming) -> String? {
    if !naming.holdsLyCORIS { return algorithm.title }
    return isRotationOfPEFT ? "PEFT's \(algorithm.title)" : nil
  }

  func refuseRotationOfPEFT() throws(AdapterError) {
    guard isRotationOfPEFT, let suffix = parts[.orthogonalBlocks]?.suffix else { return }
    let detail =
      "is a rotation as PEFT trains it (\(suffix.text.dropFirst())), which is not known here; merge it by PEFT"
    throw AdapterError(file: file.path, reason: .refused("\(name) \(detail)"))
  }

  /// The weight with each block of its rows rotated.
  fileprivate func turned(_ weight: Matrix, by part: Part, size: Int) throws -> Matrix {
    let turns = try turns(part, size: size, outputs: weight.rows)
    return .joiningRows(
      turns.enumerated().map { index, turn in
        LinearAlgebra.product(transposed: turn, weight.rows(in: index * size..<(index + 1) * size))
      })
  }

  func rescaled(_ weight: Matrix) throws -> Matrix {
    if parts[.rescale] == nil { return weight }
    let factors = try values(.rescale)
    guard factors.count == weight.rows else { throw misfit(weight) }
    return weight.scalingRows(by: factors)
  }

  /// The rotations (I + Q)(I − Q)⁻¹ with Q = B − Bᵀ.
  ///
  /// If alpha is positive, the norm of all Q together is limited to alpha times the outputs, as
  /// sd-scripts and LyCORIS train them.
  func turns(_ part: Part = .orthogonalBlocks, size: Int, outputs: Int) throws -> [Matrix] {
    let elements = try values(part)
    let blocks = stride(from: 0, to: elements.count, by: size * size).map { start in
      let block = Matrix(
        rows: size, columns: size, elements: Array(elements[start..<start + size * size]))
      return block - block.transposed
    }
    let norm = blocks.reduce(0) { $0 + $1.squaredNorm }.squareRoot()
    let most = (alpha ?? 0) * Double(outputs)
    let limit = most > 0 ? min(1, most / max(norm, .leastNormalMagnitude)) : 1
    let identity = Matrix(identity: size)
    return try blocks.map { block in
      let q = block.scaled(by: limit)
      // (I + Q)(I − Q)⁻¹ = ((I − Q)⁻ᵀ(I + Q)ᵀ)ᵀ
      return try solution(of: (identity - q).transposed, (identity + q).transposed).transposed
    }
  }
}
