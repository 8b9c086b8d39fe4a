/// The singular values of several modules together.
struct Spectra {
  let label: String
  let modules: [ModuleInspection]

  /// Element k: the share of the squared norm that remains if each module keeps its k largest
  /// values.
  ///
  /// It rises from 0 at rank 0 to 1. Empty if nothing was measured or everything is zero.
  let energy: [Double]

  init(label: String, _ modules: [ModuleInspection]) {
    self.label = label
    self.modules = modules
    let spectra = modules.compactMap(\.singularValues)
    var sums = [Double](repeating: 0, count: (spectra.map(\.count).max() ?? 0) + 1)
    for values in spectra {
      for (index, value) in values.enumerated() { sums[index + 1] += value * value }
    }
    for index in sums.indices.dropFirst() { sums[index] += sums[index - 1] }
    let total = sums.last ?? 0
    energy = total > 0 && total.isFinite ? sums.map { $0 / total } : []
  }

  var norm: Double {
    modules.reduce(0) { $0 + ($1.norm ?? 0) * ($1.norm ?? 0) }.squareRoot()
  }

  /// The smallest rank that keeps a share of the energy; `nil` if there is no energy.
  func rank(keeping share: Double) -> Int? {
    energy.firstIndex { $0 >= share }
  }

  /// The bytes of the factors; 0 if they are not a product whose rank can be reduced.
  var bytes: Int { modules.reduce(0) { $0 + $1.rank * $1.bytesPerRank } }

  /// The bytes of the factors if ranks are limited to this one.
  func bytes(atRank rank: Int) -> Int {
    modules.reduce(0) { $0 + min(rank, $1.rank) * $1.bytesPerRank }
  }

  /// The values relative to each module's largest: minimum, median and maximum over the modules.
  ///
  /// The length is the largest number of values in a module.
  var decay: [(minimum: Double, median: Double, maximum: Double)] {
    let spectra = modules.compactMap(\.singularValues).filter { ($0.first ?? 0) > 0 }
    let counts = spectra.map(\.count).sorted()
    guard !counts.isEmpty else { return [] }
    return (0..<counts[counts.count / 2]).map { index in
      let values = spectra.filter { $0.count > index }.map { $0[index] / $0[0] }.sorted()
      return (values[0], values[values.count / 2], values[values.count - 1])
    }
  }
}
