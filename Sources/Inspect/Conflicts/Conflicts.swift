import Adapters
import LinearAlgebra
import Names

/// Tells which of several adapters add up, cancel, or write to the same directions, over all layers
/// and for each block.
struct Conflicts: Encodable {
  struct Part: Encodable {
    let block: String
    let layers: Int
    let similarity: Similarity

    private enum CodingKeys: String, CodingKey {
      case block
      case layers
    }

    func encode(to encoder: any Encoder) throws {
      try similarity.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(block, forKey: .block)
      try container.encode(layers, forKey: .layers)
    }
  }

  let files: [String]
  let whole: Similarity

  /// The blocks in the order of the data flow.
  let blocks: [Part]

  private enum CodingKeys: String, CodingKey {
    case files
    case blocks
  }

  func encode(to encoder: any Encoder) throws {
    try whole.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(files, forKey: .files)
    try container.encode(blocks, forKey: .blocks)
  }

  /// Compares the updates of weights; updates of biases do not count.
  ///
  /// - Parameters:
  ///   - files: The names of the adapters.
  ///   - onLayer: Called after each layer, from any thread.
  init(
    _ combination: Combination, files: [String], threads: Int, onLayer: @Sendable () -> Void
  ) throws {
    let layers = combination.layers.filter(\.changesWeight)
    let overlaps = try parallelMap(count: layers.count, threads: threads) { index in
      defer { onLayer() }
      return try LayerOverlap(layers[index], count: files.count)
    }
    self.files = files
    whole = Similarity(overlaps, count: files.count)
    blocks = Dictionary(grouping: overlaps, by: \.block).sorted { $0.key < $1.key }.map {
      block, layers in
      Part(
        block: block.label, layers: layers.count,
        similarity: Similarity(layers, count: files.count))
    }
  }
}
