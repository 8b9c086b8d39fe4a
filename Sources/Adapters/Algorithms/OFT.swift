import LinearAlgebra
import Names
import Safetensors
import Tensors

/// Each block of rows turned by Rᵀ, then rescaled.
///
/// Source: Qiu et al., OFT (arXiv 2306.07280), as LyCORIS and sd-scripts store it.
struct OFT: Algorithm {
  let name = "oft"
  let title = "OFT"
  let hasUpdate = false
  let tellsExtents = false

  func isMade(of parts: PartShapes, for target: Target) -> Bool { parts.holds(.orthogonalBlocks) }
  func extents(of parts: PartShapes) -> Module.Extents? { parts.rotatedExtents }

  func change(of weight: Matrix, isTransposed: Bool, by module: Module) throws -> Matrix {
    try module.refuseRotationOfPEFT()
    guard let shape = module.parts[.orthogonalBlocks]?.shape, shape.rank == 3,
      shape.extents[1] == shape.extents[2], shape.extents[0] * shape.extents[1] == weight.rows
    else { throw module.misfit(weight) }
    let size = shape.extents[1]
    let turned = try module.turns(size: size, outputs: weight.rows).enumerated().map {
      index, turn in
      product(transposed: turn, weight.rows(in: index * size..<(index + 1) * size))
    }
    return try module.rescaled(.joiningRows(turned)) - weight
  }

  func obstacle(to naming: Naming, of module: Module) -> String? {
    module.obstacleOfRotation(to: naming)
  }
}

extension PartShapes {
  /// Blocks b × b along the diagonal: [n, b, b], BOFT's [m, n, b, b]; of OFTv2 the triangles
  /// above their diagonals, [n, b·(b − 1)/2], which rotate what goes into the layer.
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

  func rescaled(_ weight: Matrix) throws -> Matrix {
    if parts[.rescale] == nil { return weight }
    let factors = try values(.rescale)
    guard factors.count == weight.rows else { throw misfit(weight) }
    return weight.scalingRows(by: factors)
  }

  /// The rotations (I + Q)(I − Q)⁻¹ with Q = B − Bᵀ, the norm of all Q together limited to alpha
  /// times the outputs where alpha is positive, as sd-scripts and LyCORIS train them.
  func turns(size: Int, outputs: Int) throws -> [Matrix] {
    let elements = try values(.orthogonalBlocks)
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
