/// One layer of every block of a kind: what each world calls its rows.
///
/// A world may have one layer where another has several that read the same input; the rows of all
/// are counted in shares.
package struct FamilyLayer: Sendable {
  /// A layer of a world, as the shares of the whole that its rows are.
  struct Part: Sendable {
    let pattern: PathPattern
    let shares: Range<Int>
    let order: Order
  }

  /// The order of a part's rows.
  enum Order: Hashable, Sendable {
    case same

    /// The two halves change places: shift and scale of an adaptive norm.
    case halvesSwapped

    /// They do where there are two rows for each input, and no more.
    case halvesSwappedOfTwo
  }

  /// The extents, in units of the model's hidden width.
  struct Size: Hashable, Sendable {
    let outputs: Double
    let inputs: Double
  }

  /// The worlds that have the layer, each with its parts in the order of the rows.
  let parts: [World: [Part]]

  /// Other names that files have for it, or for some of its rows.
  let others: [Part]

  /// How many shares the rows are counted in.
  let count: Int
  let size: Size?

  /// The layer's parts in a world; empty where it has none of it.
  ///
  /// - Parameter trainer: The world whose names the trainer flattens.
  func parts(in world: World, trainer: World) -> [Part] {
    parts[world] ?? (world == .trainer ? parts[trainer] ?? [] : [])
  }
}
