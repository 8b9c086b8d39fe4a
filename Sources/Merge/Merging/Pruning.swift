import Tensors

// Prunes an update: keeps a share of its elements.

/// Keeps the `density` largest elements by magnitude; all others become zero.
///
/// Among equal magnitudes at the threshold, the first are kept.
///
/// - Complexity: O(n) on average.
func keepingLargest(_ update: Matrix, density: Double) -> Matrix {
  let kept = Int(density * Double(update.elements.count))
  if kept >= update.elements.count { return update }
  var result = Matrix(zeros: update.rows, update.columns)
  if kept == 0 { return result }
  let border = largest(kept, of: update.elements.map(abs))
  var atBorder = kept - update.elements.count { abs($0) > border }
  for (index, element) in update.elements.enumerated() {
    if abs(element) > border {
      result.elements[index] = element
    } else if abs(element) == border && atBorder > 0 {
      result.elements[index] = element
      atBorder -= 1
    }
  }
  return result
}

/// Keeps each element with probability `density` and divides it by `density`; others become zero.
///
/// Source: Yu et al., DARE (arXiv 2311.03099).
func keepingRandomly(_ update: Matrix, density: Double, generator: Philox) -> Matrix {
  var generator = generator
  var result = update
  for index in result.elements.indices {
    let isKept = generator.uniform() < density
    result.elements[index] = isKept ? result.elements[index] / density : 0
  }
  return result
}

/// Keeps each element with a probability that rises with its magnitude; others become zero.
///
/// The probability goes from density − epsilon for the smallest element of a row to density +
/// epsilon for its largest, linearly in their rank. The kept elements are scaled so that the sum of
/// magnitudes stays the same.
///
/// Source: Deep et al., DELLA-Merging (arXiv 2406.11617), as mergekit's `della_magprune` with its
/// default rescaling.
///
/// - Complexity: O(n log n).
func keepingByMagnitude(
  _ update: Matrix, density: Double, epsilon: Double, generator: Philox
) -> Matrix {
  if density >= 1 { return update }
  var generator = generator
  var result = update
  let last = Double(max(1, update.columns - 1))
  for row in 0..<update.rows {
    let start = row * update.columns
    let order = (start..<start + update.columns).sorted {
      (abs(update.elements[$0]), $0) < (abs(update.elements[$1]), $1)
    }
    var places = [Double](repeating: 0.5, count: update.columns)
    if update.columns > 1 {
      for (place, index) in order.enumerated() { places[index - start] = Double(place) / last }
    }
    for column in 0..<update.columns {
      let probability = density + epsilon * (2 * places[column] - 1)
      if generator.uniform() >= probability { result.elements[start + column] = 0 }
    }
  }
  let kept = result.elements.reduce(0) { $0 + abs($1) }
  return kept > 0 ? result.scaled(by: update.elements.reduce(0) { $0 + abs($1) } / kept) : result
}

/// The k-th largest number (k from 1), by partitioning.
private func largest(_ k: Int, of numbers: [Double]) -> Double {
  var numbers = numbers
  var (low, high) = (0, numbers.count - 1)
  let wanted = k - 1
  while low < high {
    let pivot = numbers[(low + high) / 2]
    var (left, right) = (low, high)
    while left <= right {
      while numbers[left] > pivot { left += 1 }
      while numbers[right] < pivot { right -= 1 }
      if left <= right {
        numbers.swapAt(left, right)
        left += 1
        right -= 1
      }
    }
    if wanted <= right {
      high = right
    } else if wanted >= left {
      low = left
    } else {
      break
    }
  }
  return numbers[wanted]
}
