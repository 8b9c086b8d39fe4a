import LinearAlgebra
import Names
import Tensors

/// Stage i takes the rows in the order of a butterfly of stride 2ⁱ·b/2 and rotates each block of
/// them by R.
///
/// Source: Liu et al., BOFT (arXiv 2311.06243), as LyCORIS stores it.
struct BOFT: Algorithm {
  let name = "boft"
  let title = "BOFT"
  let hasUpdate = false
  let tellsExtents = false

  func isMade(of parts: PartShapes, for target: Target) -> Bool {
    parts.extents(.orthogonalBlocks)?.count == 4
  }

  func extents(of parts: PartShapes) -> Module.Extents? { parts.rotatedExtents }

  func change(of weight: Matrix, isTransposed: Bool, by module: Module) throws -> Matrix {
    try module.refuseRotationOfPEFT()
    guard let shape = module.parts[.orthogonalBlocks]?.shape, shape.rank == 4,
      shape.extents[2] == shape.extents[3], shape.extents[1] * shape.extents[2] == weight.rows
    else { throw module.misfit(weight) }
    let (stages, count, size) = (shape.extents[0], shape.extents[1], shape.extents[2])
    let turns = try module.turns(size: size, outputs: weight.rows)
    var result = weight
    for stage in 0..<stages {
      let stride = (1 << stage) * (size / 2)
      guard stride > 0, weight.rows % (2 * stride) == 0 else { throw module.misfit(weight) }
      // (c, g, k) → (c, k, g), swapping two axes.
      let order = (0..<weight.rows).map { row in
        row / (2 * stride) * 2 * stride + row % 2 * stride + row / 2 % stride
      }
      var turned = Matrix(zeros: weight.rows, weight.columns)
      for block in 0..<count {
        let rows = (block * size..<(block + 1) * size).map {
          result.rows(in: order[$0]..<order[$0] + 1)
        }
        let part = product(turns[stage * count + block], .joiningRows(rows))
        for row in 0..<size {
          turned.replaceRow(order[block * size + row], with: part, row: row)
        }
      }
      result = turned
    }
    return try module.rescaled(result) - weight
  }

  func obstacle(to naming: Naming, of module: Module) -> String? {
    module.obstacleOfRotation(to: naming)
  }
}

extension Matrix {
  fileprivate mutating func replaceRow(_ row: Int, with other: Matrix, row source: Int) {
    elements.replaceSubrange(
      row * columns..<(row + 1) * columns,
      with: other.elements[source * columns..<(source + 1) * columns])
  }
}
