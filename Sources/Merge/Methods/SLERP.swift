import Adapters
import ArgumentParser
import Glibc
import LinearAlgebra
import Names
import Tensors

/// Spherical interpolation between two updates per layer: the direction rotates at constant speed
/// from the first to the second, and the length is interpolated too.
///
/// The result is a sum of the two whose weights depend on their angle, so it is as exact as their
/// concatenation. A layer's weight and bias form one vector. If an update is zero or missing, or
/// the two are nearly parallel or opposite, the interpolation is linear.
///
/// Source: Shoemake, "Animating rotation with quaternion curves" (1985), with the limits of
/// mergekit's `slerp`.
struct SLERP: MergeMethod {
  static let name = "slerp"
  static let options: Set<MergeOption> = [.t]
  let settings: MergeSettings
  let rankUse = RankUse.optional

  func check(fileCount: Int) throws {
    if fileCount != 2 {
      throw ValidationError("--method slerp takes two files, not \(fileCount).")
    }
  }

  func plan(
    _ combination: Combination, _ choice: RankChoice?, threads: Int,
    onLayer: @escaping @Sendable () -> Void
  ) throws -> ResultPlan {
    try interpolated(combination, threads: threads)
      .sum(choice, threads: threads, onLayer: onLayer)
  }

  /// The two inputs with weights that make their sum the interpolation.
  func interpolated(_ combination: Combination, threads: Int) throws -> Combination {
    let products = try combination.innerProducts(threads: threads)
    let weights = Dictionary(
      zip(combination.layers.map(\.target), products.map(coefficients)),
      uniquingKeysWith: { first, _ in first })
    return combination.reweighted { input, target in
      weights[target].map { input == 0 ? $0.first : $0.second }
        ?? (input == 0 ? 1 - settings.t : settings.t)
    }
  }

  /// The two weights, computed from the inner products of the updates.
  private func coefficients(_ products: Matrix) -> (first: Double, second: Double) {
    let norms = (products[0, 0].squareRoot(), products[1, 1].squareRoot())
    let cosine = norms.0 * norms.1 > 0 ? products[0, 1] / (norms.0 * norms.1) : 1
    guard abs(cosine) <= 0.9995 else { return (1 - settings.t, settings.t) }
    let angle = acos(cosine)
    return (
      sin((1 - settings.t) * angle) / sin(angle), sin(settings.t * angle) / sin(angle)
    )
  }
}
