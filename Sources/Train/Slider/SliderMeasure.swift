import Images

/// How pictures change with the weight of a slider, the rest the same.
struct SliderMeasure: Hashable, Encodable {
  /// The distance of the pictures of one weight from those at weight 0; the mean over rows.
  struct Change: Hashable, Encodable {
    let weight: Double

    /// In the rectangle around what differs in the pair, and in the rest.
    let inside: PictureDistance
    let outside: PictureDistance
  }

  let changes: [Change]

  /// How steadily pictures go from one end to the other: the rank correlation of the weight with the
  /// place between the ends, −1 … 1, the mean over rows; nil for fewer than three weights.
  let order: Double?

  /// - Parameters:
  ///   - rows: Pictures of one seed and prompt, one per weight.
  ///   - unchanged: The same at weight 0, one per row.
  ///   - weights: Rising.
  ///   - region: The rectangle around what differs in the pair; nil where nothing does.
  init(
    _ rows: [[Picture]], unchanged: [Picture], weights: [Double], region: PixelRectangle?
  ) {
    func isInside(_ x: Int, _ y: Int) -> Bool { region?.contains(x: x, y: y) ?? false }
    changes = weights.indices.map { column in
      func distance(inside: Bool) -> PictureDistance {
        PictureDistance(
          meanOf: unchanged.indices.map { row in
            PictureDistance(from: unchanged[row], to: rows[row][column]) {
              isInside($0, $1) == inside
            }
          })
      }
      return Change(
        weight: weights[column], inside: distance(inside: true), outside: distance(inside: false))
    }
    guard weights.count > 2, !rows.isEmpty else {
      order = nil
      return
    }
    order =
      rows.reduce(0) { sum, row in
        sum + rankCorrelation(weights, places(of: row, where: isInside))
      } / Double(rows.count)
  }

  /// The weights around 0 at which the rest of the picture changes by `limit` at most, and the change
  /// inside still grows; nil where weight 0 alone is left.
  func usefulRange(outsideLimit limit: Double) -> ClosedRange<Double>? {
    func reach(_ changes: [Change]) -> Double {
      var (last, inside) = (0.0, 0.0)
      for change in changes {
        guard change.outside.mean <= limit, change.inside.mean >= inside else { break }
        (last, inside) = (change.weight, change.inside.mean)
      }
      return last
    }
    let low = reach(changes.filter { $0.weight < 0 }.sorted { $0.weight > $1.weight })
    let high = reach(changes.filter { $0.weight > 0 }.sorted { $0.weight < $1.weight })
    return low < high ? low...high : nil
  }
}

/// The place of each picture on the way from the first to the last, 0 … 1 along the line between them.
private func places(of row: [Picture], where isInside: (Int, Int) -> Bool) -> [Double] {
  guard let first = row.first?.withoutAlpha, let last = row.last?.withoutAlpha else { return [] }
  var (way, sums) = (0.0, [Double](repeating: 0, count: row.count))
  let pictures = row.map(\.withoutAlpha)
  for index in first.bytes.indices {
    let pixel = index / 3
    guard isInside(pixel % first.width, pixel / first.width) else { continue }
    let step = Double(last.bytes[index]) - Double(first.bytes[index])
    way += step * step
    for (place, picture) in pictures.enumerated() {
      sums[place] += step * (Double(picture.bytes[index]) - Double(first.bytes[index]))
    }
  }
  return sums.map { way > 0 ? $0 / way : 0 }
}

/// Spearman's correlation of two lists of one length; 0 where one of them does not change.
func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double {
  let (x, y) = (ranks(a), ranks(b))
  let mean = Double(a.count - 1) / 2
  var (xy, xx, yy) = (0.0, 0.0, 0.0)
  for (x, y) in zip(x, y) {
    xy += (x - mean) * (y - mean)
    xx += (x - mean) * (x - mean)
    yy += (y - mean) * (y - mean)
  }
  return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0
}

/// The rank of each number, from 0; equal numbers share the mean of their ranks.
private func ranks(_ numbers: [Double]) -> [Double] {
  numbers.map { number in
    let below = numbers.count { $0 < number }
    let equal = numbers.count { $0 == number }
    return Double(below) + Double(equal - 1) / 2
  }
}
