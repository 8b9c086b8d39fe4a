import LinearAlgebra
import Safetensors
package import Tensors

// What a module does to a layer whose weight is known: every algorithm, those
// included whose update depends on it.
//
// Sources: Liu et al., DoRA (arXiv 2402.09353); Liu et al., (IA)³ (2205.05638); Chavan et al.,
// GLoRA (2306.07967); Qiu et al., OFT (2306.07280); Liu et al., BOFT (2311.06243), as LyCORIS and
// PEFT store them.
extension Module {
  /// What the module at full strength adds to a layer's weight: W′ − W.
  ///
  /// - Parameters:
  ///   - weight: W, outputs × inputs·kernel.
  ///   - isTransposed: Whether the model stores it inputs × outputs.
  /// - Throws: Where its parts do not fit the weight.
  package func change(
    of weight: Matrix, isTransposed: Bool = false
  ) throws -> Matrix {
    switch algorithm {
    case .ia3: return try scaling(of: weight)
    case .glora: return try generalized(weight)
    case .oft: return try rotation(of: weight)
    case .boft: return try butterfly(weight)
    case .lora, .dora, .loha, .lokr, .full, .norm: break
    }
    let own = try ownWeight(like: weight, isTransposed: isTransposed)
    if algorithm == .full || algorithm == .norm, replacesWeight {
      return own.map { $0 - weight } ?? Matrix(zeros: weight.rows, weight.columns)
    }
    let update = try update()
    guard update.rows == weight.rows, update.columns == weight.columns else {
      throw misfit(weight)
    }
    let sum = (own ?? weight) + update.formed
    if parts[.magnitude] != nil { return try decomposed(sum) - weight }
    return own == nil ? update.formed : sum - weight
  }

  /// The weight that the file holds in the place of the model's; `nil` where it holds none.
  private func ownWeight(
    like weight: Matrix, isTransposed: Bool
  ) throws -> Matrix? {
    if parts[.weight] == nil { return nil }
    let elements = try values(.weight)
    guard elements.count == weight.elements.count else { throw misfit(weight) }
    return isTransposed
      ? Matrix(rows: weight.columns, columns: weight.rows, elements: elements).transposed
      : Matrix(rows: weight.rows, columns: weight.columns, elements: elements)
  }

  func misfit(_ weight: Matrix) -> AdapterError {
    AdapterError(
      file: file.path,
      reason: .shapesDiffer(
        module: name,
        detail:
          "is not made for a weight of \(weight.rows) × \(weight.columns), which the model has there; take the model that it was trained on"
      ))
  }

  /// DoRA: m·V / ‖V‖, the norm taken along the axis that the magnitudes' shape leaves.
  private func decomposed(_ sum: Matrix) throws -> Matrix {
    let magnitudes = try values(.magnitude)
    if magnitudesAreOfOutputs {
      guard magnitudes.count == sum.rows else { throw misfit(sum) }
      let norms = gramDiagonal(ofRows: sum)
      return sum.scalingRows(by: zip(magnitudes, norms).map { $1 > 0 ? $0 / $1 : 0 })
    }
    let taps = sum.columns / max(magnitudes.count, 1)
    guard magnitudes.count * taps == sum.columns else { throw misfit(sum) }
    var squares = [Double](repeating: 0, count: magnitudes.count)
    for i in 0..<sum.rows {
      for j in 0..<sum.columns { squares[j / taps] += sum[i, j] * sum[i, j] }
    }
    let factors = zip(magnitudes, squares).map { $1 > 0 ? $0 / $1.squareRoot() : 0 }
    return sum.scalingColumns(by: (0..<sum.columns).map { factors[$0 / taps] })
  }

  /// Whether there is one magnitude an output; else, as older files have it, one an input.
  ///
  /// PEFT stores [out], [out, 1] and, of convolutions, [1, out, 1, 1]; LyCORIS [out, 1, …] and
  /// [1, in, …].
  package var magnitudesAreOfOutputs: Bool {
    guard let tensor = parts[.magnitude] else { return true }
    let extents = tensor.shape.extents
    return extents.count < 2 || extents[0] != 1 || tensor.spelling == .peft
  }

  private func gramDiagonal(ofRows matrix: Matrix) -> [Double] {
    (0..<matrix.rows).map { i in
      matrix.elements[i * matrix.columns..<(i + 1) * matrix.columns]
        .reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  /// GLoRA: s·(b₁b₂ + W·a₁a₂), the a's acting on input channels; old files store each pair in the
  /// other order.
  private func generalized(_ weight: Matrix) throws -> Matrix {
    let (a1, a2) = (try matrix(.gloraA1), try matrix(.gloraA2))
    let (b1, b2) = (try matrix(.gloraB1), try matrix(.gloraB2))
    let inputs = max(a1.rows, a1.columns)
    let isNew = a1.rows == inputs && b1.columns == b2.rows
    let (left, right) = isNew ? (a1, a2) : (a2, a1)
    let (up, down) = isNew ? (b1, b2) : (b2, b1)
    guard up.rows == weight.rows, down.columns == weight.columns, up.columns == down.rows,
      inputs > 0, weight.columns % inputs == 0,
      left.rows == inputs, right.columns == inputs, left.columns == right.rows
    else { throw misfit(weight) }
    let taps = weight.columns / inputs
    let bent = LinearAlgebra.product(
      LinearAlgebra.product(weight.tapsAsRows(taps), left), right)
    return (LinearAlgebra.product(up, down) + bent.tapsAsColumns(taps)).scaled(by: scale)
  }

  /// OFT: each block of rows turned by Rᵀ, then rescaled.
  private func rotation(of weight: Matrix) throws -> Matrix {
    try refuseRotationOfPEFT()
    guard let entry = parts[.orthogonalBlocks], entry.shape.rank == 3,
      entry.shape.extents[1] == entry.shape.extents[2],
      entry.shape.extents[0] * entry.shape.extents[1] == weight.rows
    else { throw misfit(weight) }
    let size = entry.shape.extents[1]
    let turns = try cayley(values(.orthogonalBlocks), size: size, outputs: weight.rows)
    let turned = turns.enumerated().map { index, turn in
      LinearAlgebra.product(transposed: turn, weight.rows(in: index * size..<(index + 1) * size))
    }
    return try rescaled(.joiningRows(turned)) - weight
  }

  private func refuseRotationOfPEFT() throws(AdapterError) {
    guard let tensor = parts[.orthogonalBlocks], tensor.spelling == .peft else { return }
    let detail =
      "is a rotation as PEFT trains it (\(tensor.suffix.text.dropFirst())), which is not known here; merge it by PEFT"
    throw AdapterError(file: file.path, reason: .shapesDiffer(module: name, detail: detail))
  }

  /// BOFT: in stage i the rows are taken in the order of a butterfly of stride 2ⁱ·b/2, and each
  /// block of them is turned by R.
  private func butterfly(_ weight: Matrix) throws -> Matrix {
    try refuseRotationOfPEFT()
    guard let entry = parts[.orthogonalBlocks], entry.shape.rank == 4,
      entry.shape.extents[2] == entry.shape.extents[3],
      entry.shape.extents[1] * entry.shape.extents[2] == weight.rows
    else { throw misfit(weight) }
    let (stages, count, size) = (
      entry.shape.extents[0], entry.shape.extents[1], entry.shape.extents[2]
    )
    let turns = try cayley(values(.orthogonalBlocks), size: size, outputs: weight.rows)
    var result = weight
    for stage in 0..<stages {
      let stride = (1 << stage) * (size / 2)
      guard stride > 0, weight.rows % (2 * stride) == 0 else { throw misfit(weight) }
      // (c, g, k) → (c, k, g), two by two.
      let order = (0..<weight.rows).map { row in
        row / (2 * stride) * 2 * stride + row % 2 * stride + row / 2 % stride
      }
      var turned = Matrix(zeros: weight.rows, weight.columns)
      for block in 0..<count {
        let rows = (block * size..<(block + 1) * size).map {
          result.rows(in: order[$0]..<order[$0] + 1)
        }
        let part = LinearAlgebra.product(turns[stage * count + block], .joiningRows(rows))
        for row in 0..<size {
          turned.replaceRow(order[block * size + row], with: part, row: row)
        }
      }
      result = turned
    }
    return try rescaled(result) - weight
  }

  private func rescaled(_ weight: Matrix) throws -> Matrix {
    if parts[.rescale] == nil { return weight }
    let factors = try values(.rescale)
    guard factors.count == weight.rows else { throw misfit(weight) }
    return weight.scalingRows(by: factors)
  }

  /// The rotations (I + Q)(I − Q)⁻¹ with Q = B − Bᵀ, the norm of all Q together limited to alpha
  /// times the outputs where alpha is positive, as sd-scripts and LyCORIS train them.
  private func cayley(_ elements: [Double], size: Int, outputs: Int) throws -> [Matrix] {
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

extension Matrix {
  /// A convolution's weight, m × n·taps, as m·taps × n: what products with its channels take.
  fileprivate func tapsAsRows(_ taps: Int) -> Matrix {
    if taps == 1 { return self }
    var result = Matrix(zeros: rows * taps, columns / taps)
    for i in 0..<rows {
      for j in 0..<columns { result[i * taps + j % taps, j / taps] = self[i, j] }
    }
    return result
  }

  /// The inverse of `tapsAsRows`.
  fileprivate func tapsAsColumns(_ taps: Int) -> Matrix {
    if taps == 1 { return self }
    var result = Matrix(zeros: rows / taps, columns * taps)
    for i in 0..<result.rows {
      for j in 0..<result.columns { result[i, j] = self[i * taps + j % taps, j / taps] }
    }
    return result
  }

  fileprivate mutating func replaceRow(_ row: Int, with other: Matrix, row source: Int) {
    elements.replaceSubrange(
      row * columns..<(row + 1) * columns,
      with: other.elements[source * columns..<(source + 1) * columns])
  }
}
