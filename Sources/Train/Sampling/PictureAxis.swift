import ArgumentParser

/// A quantity that differs between the pictures of a grid.
enum PictureAxis: Hashable {
  /// The weight of all adapters together, in step.
  case weight

  /// The weight of one of several adapters, counted from 1.
  case weightOf(Int)

  /// The step from which adapters are on.
  case start
  case seed
  case file
  case prompt

  /// The word for it on a command line: `weight`, `weight2`.
  var name: String {
    switch self {
    case .weight: "weight"
    case .weightOf(let number): "weight\(number)"
    case .start: "from"
    case .seed: "seed"
    case .file: "file"
    case .prompt: "prompt"
    }
  }

  /// The order in which axes are chosen.
  fileprivate var rank: Int {
    switch self {
    case .weight: 0
    case .weightOf(let number): number
    case .start: .max - 3
    case .seed: .max - 2
    case .file: .max - 1
    case .prompt: .max
    }
  }
}

extension PictureAxis: ExpressibleByArgument {
  init?(argument: String) {
    let plain: [PictureAxis] = [.weight, .start, .seed, .file, .prompt]
    if let axis = plain.first(where: { $0.name == argument }) {
      self = axis
    } else if argument.hasPrefix("weight"), let number = Int(argument.dropFirst(6)), number > 0 {
      self = .weightOf(number)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] {
    ["weight", "weight1", "weight2", "from", "seed", "file", "prompt"]
  }
}

extension PictureAxis: Encodable {
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}

/// The pictures of a grid: the axes of its columns and rows.
struct PicturePlan: Hashable {
  let columns: PictureAxis?
  let rows: PictureAxis?
  let counts: [PictureAxis: Int]

  /// Chooses axes for what has more than one value: weights along columns, then seeds down rows.
  ///
  /// - Parameters:
  ///   - columns: As asked for; nil leaves the choice.
  init(
    counts: [PictureAxis: Int], columns: PictureAxis?, rows: PictureAxis?
  ) throws(OptionsError) {
    if let columns, columns == rows {
      throw KeyedArguments.error(
        "--columns and --rows are both \(columns.name); name two axes, or one alone")
    }
    let all = counts.filter { $0.value > 1 }.keys.sorted { $0.rank < $1.rank }
    var varying = all
    varying.removeAll { $0 == columns || $0 == rows }
    self.columns = columns ?? (varying.isEmpty ? nil : varying.removeFirst())
    self.rows = rows ?? (varying.isEmpty ? nil : varying.removeFirst())
    self.counts = counts
    guard varying.isEmpty else {
      throw KeyedArguments.error(
        "a grid has two axes, but \(all.map(\.name).joined(separator: ", ")) have more than one "
          + "value")
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
