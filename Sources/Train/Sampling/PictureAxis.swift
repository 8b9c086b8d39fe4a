import ArgumentParser

/// What may differ between the pictures of a grid.
enum PictureAxis: String, CaseIterable, ExpressibleByArgument, Encodable {
  case weight
  case seed
  case file
  case prompt
}

/// Which pictures a grid holds: what changes along its columns and along its rows.
struct PicturePlan: Hashable {
  let columns: PictureAxis?
  let rows: PictureAxis?

  /// How many values each axis has.
  let counts: [PictureAxis: Int]

  /// Chooses axes for what has more than one value: weights along columns, then seeds down rows.
  ///
  /// - Parameters:
  ///   - columns: As asked for; nil leaves the choice.
  init(
    counts: [PictureAxis: Int], columns: PictureAxis?, rows: PictureAxis?
  ) throws(OptionsError) {
    var varying = PictureAxis.allCases.filter { counts[$0, default: 1] > 1 }
    varying.removeAll { $0 == columns || $0 == rows }
    self.columns = columns ?? (varying.isEmpty ? nil : varying.removeFirst())
    self.rows = rows ?? (varying.isEmpty ? nil : varying.removeFirst())
    self.counts = counts
    guard varying.isEmpty else {
      let names = PictureAxis.allCases.filter { counts[$0, default: 1] > 1 }.map(\.rawValue)
      throw KeyedArguments.error(
        "a grid has two axes, but \(names.joined(separator: ", ")) have more than one value")
    }
  }

  /// The places of all pictures, row by row: for each axis, which of its values.
  var places: [[[PictureAxis: Int]]] {
    (0..<count(rows)).map { row in
      (0..<count(columns)).map { column in
        var place: [PictureAxis: Int] = [:]
        if let rows { place[rows] = row }
        if let columns { place[columns] = column }
        return place
      }
    }
  }

  private func count(_ axis: PictureAxis?) -> Int { axis.map { counts[$0, default: 1] } ?? 1 }
}
