/// The position of a layer's rows in a layer of another world.
package struct LayerPlace: Sendable {
  /// The other world's layer.
  package let target: Target

  /// The shares that the rows are in each layer, out of `count`.
  private let own: Range<Int>
  private let theirs: Range<Int>

  /// Whether, and when, one of the two has its halves swapped.
  private let order: FamilyLayer.Order

  fileprivate init(
    _ target: Target, own: Range<Int>, theirs: Range<Int>, order: FamilyLayer.Order
  ) {
    self.target = target
    self.own = own
    self.theirs = theirs
    self.order = order
  }

  /// Whether the two have the same rows in the same order.
  package var isWhole: Bool { own == theirs && order == .same }

  /// The number that the first layer's rows must be a multiple of.
  package var shareCount: Int { own == theirs ? 1 : own.count }

  /// The number of rows of the other world's layer.
  ///
  /// - Parameter rows: The rows of the first layer, a multiple of `shareCount`.
  package func outputs(ofOwn rows: Int) -> Int {
    own == theirs ? rows : rows / own.count * theirs.count
  }

  /// Ranges of the first layer's rows, each with the row of the other layer at which it begins.
  ///
  /// - Parameters:
  ///   - rows: The rows of the first layer, a multiple of `shareCount`.
  ///   - inputs: The number of the layer's inputs, if it is known.
  package func moves(ofOwn rows: Int, inputs: Int?) -> [(own: Range<Int>, theirs: Int)] {
    if own == theirs {
      let isSwapped =
        order == .halvesSwapped || order == .halvesSwappedOfTwo && rows == inputs.map { 2 * $0 }
      guard isSwapped, rows % 2 == 0 else { return [(0..<rows, 0)] }
      return [(0..<rows / 2, rows / 2), (rows / 2..<rows, 0)]
    }
    let height = rows / own.count
    let common = own.clamped(to: theirs)
    let first = (common.lowerBound - own.lowerBound) * height
    return [
      (first..<first + common.count * height, (common.lowerBound - theirs.lowerBound) * height)
    ]
  }
}

extension Family {
  /// The layers of a world that hold a layer's rows.
  ///
  /// - Returns: `nil` if the table lacks the name; empty if the world lacks some of the rows.
  package func places(of target: Target, in world: World) -> [LayerPlace]? {
    guard let found = find(target) else { return nil }
    let parts = found.layer.parts(in: world, trainer: trainerWorld)
    let covered = parts.reduce(0) { $0 + $1.shares.clamped(to: found.part.shares).count }
    return covered == found.part.shares.count ? found.places(in: parts) : []
  }

  /// All layers under other names that hold some of a layer's rows, each once.
  package func allPlaces(of target: Target) -> [LayerPlace] {
    guard let found = find(target) else { return [] }
    let parts = World.allCases.flatMap { found.layer.parts(in: $0, trainer: trainerWorld) }
    var seen: Set<Target> = [target]
    return found.places(in: parts + found.layer.others).filter {
      seen.insert($0.target).inserted
    }
  }
}

extension FoundLayer {
  /// The layers among some parts that share rows with this one.
  fileprivate func places(in parts: [FamilyLayer.Part]) -> [LayerPlace] {
    parts.filter { $0.shares.overlaps(part.shares) }.map { other in
      let path = other.pattern.path(blocks: blocks)
      let orders = [other.order, part.order].filter { $0 != .same }
      return LayerPlace(
        Target(network: .denoiser, key: flattened(path), path: path), own: part.shares,
        theirs: other.shares, order: orders.count == 1 ? orders[0] : .same)
    }
  }
}
