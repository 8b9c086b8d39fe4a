import Tensors

/// The element-wise mean of the weighted updates that agree with the elected sign.
///
/// The elected sign is that of the sum of the unweighted updates. Zero counts as positive; an
/// update that is zero at an element agrees with neither sign there.
///
/// Source: Yadav et al., TIES-Merging (arXiv 2306.01708), as PEFT's `ties` computes it.
func disjointMean(of updates: [Matrix], weights: [Double]) -> Matrix {
  var result = Matrix(zeros: updates[0].rows, updates[0].columns)
  for index in result.elements.indices {
    let isPositive = updates.reduce(0) { $0 + $1.elements[index] } >= 0
    var sum = 0.0
    var count = 0
    for (update, weight) in zip(updates, weights) {
      let element = update.elements[index]
      if isPositive ? element > 0 : element < 0 {
        sum += weight * element
        count += 1
      }
    }
    result.elements[index] = sum / Double(max(count, 1))
  }
  return result
}

/// The weighted sum of updates.
func weightedSum(of updates: [Matrix], weights: [Double]) -> Matrix {
  var result = Matrix(zeros: updates[0].rows, updates[0].columns)
  for (update, weight) in zip(updates, weights) {
    for index in result.elements.indices {
      result.elements[index] += weight * update.elements[index]
    }
  }
  return result
}
