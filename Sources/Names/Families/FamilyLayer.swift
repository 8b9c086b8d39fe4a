/// One layer of every block of a kind, with each world's names of its rows.
///
/// One world may have a single layer where another has several that read the same input; the rows
/// of all are counted in shares.
package struct FamilyLayer: Sendable {
  /// A layer of a world, as a range of shares of all rows.
  struct Part: Sendable {
    let pattern: PathPattern
    let shares: Range<Int>
    let order: Order
  }

  /// The order of a part's rows.
  enum Order: Hashable, Sendable {
    case same

    /// The two halves are swapped: shift and scale of an adaptive norm.
    case halvesSwapped

    /// The halves are swapped if there are exactly two rows per input.
    case halvesSwappedOfTwo
  }

  /// The extents, in units of the model's hidden width.
  struct Size: Hashable, Sendable {
    let outputs: Double
    let inputs: Double
  }

  /// The worlds that have the layer, with its parts in the order of the rows.
  let parts: [World: [Part]]

  /// Alternative names in files, of the layer or of some of its rows.
  let others: [Part]

  /// The number of shares of the rows.
  let count: Int
  let size: Size?

  /// The layer's parts in a world; empty if the world lacks the layer.
  ///
  /// - Parameter trainer: The world whose names the trainer flattens.
  func parts(in world: World, trainer: World) -> [Part] {
    parts[world] ?? (world == .trainer ? parts[trainer] ?? [] : [])
  }
}
