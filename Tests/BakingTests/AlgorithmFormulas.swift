// What each algorithm's paper says becomes of a weight W, in plain loops and 64 bits: none of it is
// computed by what it judges. Sources: arXiv 2205.05638 ((IA)³), 2306.07967 (GLoRA), 2306.07280
// (OFT), 2311.06243 (BOFT), 2402.09353 (DoRA); how parts are laid out, and what is left to choose,
// as LyCORIS and PEFT train them (scripts/check-peers holds both to their own code).

/// Rows of plain numbers.
typealias Rows = [[Double]]

func rows(_ values: [Double], _ width: Int) -> Rows {
  stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
}

func times(_ a: Rows, _ b: Rows) -> Rows {
  a.map { row in
    b[0].indices.map { j in row.indices.reduce(0) { $0 + row[$1] * b[$1][j] } }
  }
}

func plus(_ a: Rows, _ b: Rows) -> Rows { zip(a, b).map { zip($0, $1).map { $0 + $1 } } }

func scaled(_ a: Rows, _ factor: Double) -> Rows { a.map { $0.map { $0 * factor } } }

/// GLoRA: W + s·(b₁b₂ + W·a₁a₂), tap by tap.
func glora(
  _ weight: Rows, _ a1: Rows, _ a2: Rows, _ b1: Rows, _ b2: Rows, scale: Double
) -> Rows {
  let bend = times(a1, a2)
  let taps = weight[0].count / bend.count
  let bent = weight.map { row in
    row.indices.map { column in
      bend.indices.reduce(0) { $0 + row[$1 * taps + column % taps] * bend[$1][column / taps] }
    }
  }
  return plus(weight, scaled(plus(times(b1, b2), bent), scale))
}

/// The rotation (I + Q)(I − Q)⁻¹ of Q = limit·(B − Bᵀ), by elimination.
func cayley(_ block: Rows, limit: Double) -> Rows {
  let n = block.count
  // R(I − Q) = I + Q, transposed: (I − Q)ᵀRᵀ = (I + Q)ᵀ, both sides in one matrix.
  var system: Rows = Array(repeating: Array(repeating: 0, count: 2 * n), count: n)
  for i in 0..<n {
    for j in 0..<n {
      let q: Double = limit * (block[j][i] - block[i][j])
      let one: Double = i == j ? 1 : 0
      system[i][j] = one - q
      system[i][n + j] = one + q
    }
  }
  for column in 0..<n {
    let pivot = (column..<n).max { abs(system[$0][column]) < abs(system[$1][column]) } ?? column
    system.swapAt(column, pivot)
    system[column] = system[column].map { $0 / system[column][column] }
    for row in 0..<n where row != column {
      let factor = system[row][column]
      system[row] = zip(system[row], system[column]).map { $0 - factor * $1 }
    }
  }
  return (0..<n).map { i in (0..<n).map { system[$0][n + i] } }
}

/// What all Q are multiplied by, so that together they are no longer than `constraint`·outputs.
func limit(_ blocks: [Rows], constraint: Double, outputs: Int) -> Double {
  var squares = 0.0
  for block in blocks {
    for i in block.indices {
      for j in block.indices {
        squares += (block[i][j] - block[j][i]) * (block[i][j] - block[j][i])
      }
    }
  }
  let most = constraint * Double(outputs)
  return most > 0 && squares.squareRoot() > most ? most / squares.squareRoot() : 1
}

/// OFT: row i of block k becomes Σⱼ R[j, i]·row j.
func oft(_ weight: Rows, _ blocks: [Rows], constraint: Double = 0) -> Rows {
  let limit = limit(blocks, constraint: constraint, outputs: weight.count)
  let size = blocks[0].count
  var result = weight
  for (k, block) in blocks.enumerated() {
    let turn = cayley(block, limit: limit)
    for i in 0..<size {
      for column in weight[0].indices {
        result[k * size + i][column] = (0..<size).reduce(0) {
          $0 + turn[$1][i] * weight[k * size + $1][column]
        }
      }
    }
  }
  return result
}

/// BOFT: in stage i, rows that are 2ⁱ·b/2 apart are brought together, turned in blocks of b, and
/// put back.
func boft(_ weight: Rows, _ stages: [[Rows]], constraint: Double = 0) -> Rows {
  let limit = limit(stages.flatMap(\.self), constraint: constraint, outputs: weight.count)
  let size = stages[0][0].count
  var result = weight
  for (stage, blocks) in stages.enumerated() {
    let apart = (1 << stage) * size / 2
    // unflatten (c, 2, apart), transpose to (c, apart, 2), flatten.
    var order: [Int] = []
    for c in 0..<weight.count / (2 * apart) {
      for k in 0..<apart { for g in 0..<2 { order.append((c * 2 + g) * apart + k) } }
    }
    let before = result
    for (k, block) in blocks.enumerated() {
      let turn = cayley(block, limit: limit)
      for i in 0..<size {
        for column in weight[0].indices {
          result[order[k * size + i]][column] = (0..<size).reduce(0) {
            $0 + turn[i][$1] * before[order[k * size + $1]][column]
          }
        }
      }
    }
  }
  return result
}

/// DoRA with a magnitude for each input channel: m·V/‖V‖, norms over outputs and taps.
func doraOfColumns(_ sum: Rows, _ magnitudes: [Double]) -> Rows {
  let taps = sum[0].count / magnitudes.count
  var squares = magnitudes.map { _ in 0.0 }
  for row in sum { for (column, x) in row.enumerated() { squares[column / taps] += x * x } }
  return sum.map { row in
    row.enumerated().map { column, x in
      x * magnitudes[column / taps] / squares[column / taps].squareRoot()
    }
  }
}
