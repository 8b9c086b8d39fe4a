import Images

/// Pictures over the weights of a slider, a row a seed, and how much changes with the weight.
struct SliderStrip {
  let weights: [Double]
  let seeds: [UInt32]

  /// A row a seed, a column a weight.
  let pictures: [[Picture]]

  /// The distance of the pictures of one weight from those at weight 0; the mean over seeds.
  struct Change: Hashable, Encodable {
    let weight: Double

    /// In the rectangle around what differs in the pair, and in the rest.
    let inside: PictureDistance
    let outside: PictureDistance
  }

  let changes: [Change]

  /// Draws the strip.
  ///
  /// - Parameters:
  ///   - region: Around what differs in the pair; nil where nothing does.
  ///   - draw: The picture of a seed at a weight.
  init(
    weights: [Double], seeds: [UInt32], region: PixelRectangle?,
    draw: (UInt32, Double) throws -> Picture
  ) rethrows {
    self.weights = weights
    self.seeds = seeds
    let pictures = try seeds.map { seed in try weights.map { try draw(seed, $0) } }
    let middle = weights.firstIndex(of: 0)
    let unchanged = try seeds.indices.map { row in
      try middle.map { pictures[row][$0] } ?? draw(seeds[row], 0)
    }
    self.pictures = pictures
    changes = weights.indices.map { column in
      func distance(inside: Bool) -> PictureDistance {
        PictureDistance(
          meanOf: unchanged.indices.map { row in
            PictureDistance(from: unchanged[row], to: pictures[row][column]) { x, y in
              (region?.contains(x: x, y: y) ?? false) == inside
            }
          })
      }
      return Change(
        weight: weights[column], inside: distance(inside: true), outside: distance(inside: false))
    }
  }

  /// The strip as one picture, with labels.
  var drawn: Picture { Self.drawn(pictures, weights: weights, seeds: seeds) }

  /// Pictures in rows of a seed and columns of a weight as one picture, with labels.
  static func drawn(_ rows: [[Picture]], weights: [Double], seeds: [UInt32]) -> Picture {
    PictureGrid(
      rows: rows, columnLabels: weights.map(PythonText.short),
      rowLabels: seeds.map { "seed \($0)" }
    ).drawn()
  }
}
