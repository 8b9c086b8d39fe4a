import LinearAlgebra
import Tensors
import TestSupport
import Testing

/// The largest singular values of whole matrices, against LAPACK's decomposition of all.
@Suite struct LeadingDecompositionTests {
  enum Spectrum: String, CaseIterable, Sendable {
    case flat
    case geometric
    case lowRank
    case twoSteps
  }

  /// A matrix of given shape whose spectrum falls in one of several ways.
  private func matrix(_ m: Int, _ n: Int, _ spectrum: Spectrum) -> Matrix {
    let rank = min(m, n)
    switch spectrum {
    case .flat: return Matrix.random(m, n, seed: 1)
    case .lowRank:
      return product(Matrix.random(m, 3, seed: 2), Matrix.random(3, n, seed: 3))
    case .geometric, .twoSteps:
      let left = Matrix.random(m, rank, seed: 4)
      let values = (0..<rank).map { index in
        spectrum == .geometric
          ? Double(sign: .plus, exponent: -index / 3, significand: 1) : index < 7 ? 1 : 0.9
      }
      return product(left.scalingColumns(by: values), Matrix.random(rank, n, seed: 5))
    }
  }

  @Test(
    arguments: [(333, 290), (290, 333), (700, 401), (64, 64), (1, 9), (9, 1)],
    Spectrum.allCases)
  func errorIsTheBest(_ shape: (Int, Int), _ spectrum: Spectrum) throws {
    let a = matrix(shape.0, shape.1, spectrum)
    let whole = try singularValueDecomposition(of: a)
    for count in [1, 4, 32] {
      let leading = try leadingDecomposition(of: a, count: count)
      let k = min(count, shape.0, shape.1)
      #expect(leading.values.count == k)
      let product = product(
        leading.left.scalingColumns(by: leading.values), leading.right)
      let error = (a - product).squaredNorm.squareRoot()
      let best = whole.values.dropFirst(k).reduce(0) { $0 + $1 * $1 }.squareRoot()
      let scale = a.squaredNorm.squareRoot()
      #expect(error <= best * (1 + 1e-4) + 1e-7 * scale, "\(count): \(error) and \(best)")
    }
  }

  @Test func repeatsToTheBit() throws {
    let a = matrix(400, 300, .flat)
    let (first, second) = (
      try leadingDecomposition(of: a, count: 8), try leadingDecomposition(of: a, count: 8)
    )
    #expect(first.left == second.left && first.right == second.right)
  }

  @Test func zerosHaveNoValues() throws {
    let leading = try leadingDecomposition(of: Matrix(zeros: 300, 280), count: 4)
    #expect(leading.values == [0, 0, 0, 0])
    #expect(leading.left.isFinite && leading.right.isFinite)
  }

  @Test func refusesNaN() {
    var a = Matrix(zeros: 300, 280)
    a[7, 9] = .nan
    #expect(throws: LinearAlgebraError.self) { try leadingDecomposition(of: a, count: 4) }
  }

  @Test func solvesLinearEquations() throws {
    let (a, x) = (Matrix.random(12, 12, seed: 6), Matrix.random(12, 5, seed: 7))
    let found = try solution(of: a, product(a, x))
    #expect((found - x).squaredNorm < 1e-18 * x.squaredNorm)
  }
}
