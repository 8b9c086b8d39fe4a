import ArgumentParser
import Tensors

/// DELLA with or without sign election.
protocol DELLAMethod: ElementwiseMethod {}

extension DELLAMethod {
  static var options: Set<MergeOption> { [.density, .epsilon, .seed, .space] }

  func check(fileCount: Int) throws {
    let (density, epsilon) = (settings.density, settings.epsilon)
    if density < 1 && (density - epsilon <= 0 || density + epsilon >= 1) {
      throw ValidationError(
        "--method \(Self.name) keeps elements with probabilities from density − epsilon to density + epsilon: \(density) ± \(epsilon) is not between 0 and 1."
      )
    }
  }

  func pruned(_ term: ElementwiseTerm) -> Matrix {
    keepingByMagnitude(
      term.update, density: settings.density, epsilon: settings.epsilon, generator: term.generator)
  }
}
