package import LinearAlgebra
import Tensors

// How far products are from each other, without forming them.

/// ‖A − B‖² of two products of one rank whose factors lie close to each other.
///
/// A − B = (U₁ − U₂)D₁ + U₂(D₁ − D₂): nothing cancels, and what is equal gives exactly 0; so does
/// what cancels within both products.
package func squaredDifference(_ a: LowRank, _ b: LowRank) -> Double {
  let (ups, downs) = (a.up - b.up, a.down - b.down)
  let differUps = ups.elements.contains { $0 != 0 }
  let differDowns = downs.elements.contains { $0 != 0 }
  let rest =
    switch (differUps, differDowns) {
    case (false, false): 0.0
    case (true, false): squaredNorm(ofProduct: ups, a.down)
    case (false, true): squaredNorm(ofProduct: b.up, downs)
    case (true, true):
      squaredNorm(ofProduct: .joiningColumns([ups, b.up]), .joiningRows([a.down, downs]))
    }
  let noise = rest > 0 ? roundingNoise(ofProduct: b.up, b.down) : 0
  return rest > noise * noise ? rest : 0
}

/// ‖A − B‖² of any two products.
///
/// ‖A‖² + ‖B‖² − 2⟨A, B⟩, unless nearly all of it cancels, or of a product within itself: then both
/// are turned into one small matrix first, within which differences are exact to about 1e-16 of ‖A‖;
/// less than that is 0.
package func squaredDistance(_ a: LowRank, _ b: LowRank) throws(LinearAlgebraError) -> Double {
  if a.rank == b.rank && a == b { return 0 }
  let sum = squaredNorm(ofProduct: a.up, a.down) + squaredNorm(ofProduct: b.up, b.down)
  let distance = sum - 2 * innerProduct(a.up, a.down, b.up, b.down)
  let noise = roundingNoise(ofProduct: a.up, a.down) + roundingNoise(ofProduct: b.up, b.down)
  if distance > 1e-8 * sum && distance > 1e20 * noise * noise { return distance }
  let ups = Matrix.joiningColumns([a.up, b.up.scaled(by: -1)]).transposed
  let downs = Matrix.joiningRows([a.down, b.down])
  let rest = product(transposed: try lowerFactor(of: ups), try lowerFactor(of: downs)).squaredNorm
  return rest > noise * noise ? rest : 0
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
