import Images

/// Pictures over the weights of a slider, a row a seed, and how much changes with the weight.
struct SliderStrip {
  let weights: [Double]
  let seeds: [UInt32]

  /// A row a seed, a column a weight.
  let pictures: [[Picture]]

  let measure: SliderMeasure

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
    measure = SliderMeasure(
      pictures, unchanged: unchanged, weights: weights, region: region)
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
