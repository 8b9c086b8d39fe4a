/// Where the rows of a layer lie in a layer of another world.
package struct LayerPlace: Sendable {
  /// The other world's layer.
  package let target: Target

  /// The shares of the whole that each is, out of `count`.
  private let own: Range<Int>
  private let theirs: Range<Int>

  /// Whether one of the two has its halves in the other order, and when.
  private let order: FamilyLayer.Order

  fileprivate init(
    _ target: Target, own: Range<Int>, theirs: Range<Int>, order: FamilyLayer.Order
  ) {
    self.target = target
    self.own = own
    self.theirs = theirs
    self.order = order
  }

  /// Whether the two are the same rows in the same order.
  package var isWhole: Bool { own == theirs && order == .same }

  /// What the rows of the first must be a multiple of.
  package var shareCount: Int { own == theirs ? 1 : own.count }

  /// The rows of the other world's layer.
  ///
  /// - Parameter rows: Those of the first, a multiple of `shareCount`.
  package func outputs(ofOwn rows: Int) -> Int {
    own == theirs ? rows : rows / own.count * theirs.count
  }

  /// Rows of the first, and which row of the other's the first of each range is.
  ///
  /// - Parameters:
  ///   - rows: As for `outputs`.
  ///   - inputs: What the layer reads, where that is known.
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
  /// The layers of a world that a layer's rows lie in.
  ///
  /// - Returns: `nil` where the table has no such name; empty where the world lacks some of the
  ///   rows.
  package func places(of target: Target, in world: World) -> [LayerPlace]? {
    guard let found = find(target) else { return nil }
    let parts = found.layer.parts(in: world, trainer: trainerWorld)
    let covered = parts.reduce(0) { $0 + $1.shares.clamped(to: found.part.shares).count }
    return covered == found.part.shares.count ? found.places(in: parts) : []
  }

  /// The layers that some of a layer's rows lie in under other names, each once.
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
  /// Those of some parts of the layer that have rows in common with this one.
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
