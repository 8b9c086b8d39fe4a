import ArgumentParser
import Diffusion
import Images
import Names

/// The layers that a direct slider is trained on, and those of them that it keeps.
///
/// The blocks of the lowest resolutions decide where things are and how large they are; the others
/// draw colours and edges. B-LoRA (Frenkel et al. 2024) finds the same of SDXL. Attention carries a
/// change to all places of a picture, and a feed-forward layer changes each place by itself. So
/// attention takes up what belongs to these two pictures alone, and is left out of the slider;
/// cross-attention would tie it to captions. `Benchmarks/results` has the figures.
enum SliderLayers: String, CaseIterable, ExpressibleByArgument {
  /// `deep` or `middle`, by the size of the change.
  case auto

  /// Trains the blocks at a quarter of the latents' resolution and below, and keeps their
  /// feed-forward layers.
  case deep

  /// The same from half of the resolution on.
  case middle

  /// Trains and keeps every layer that sd-scripts adapts.
  case all

  func trains(_ target: Target, of model: PretrainedModel.Kind) -> Bool {
    self == .all
      || (blocks(of: model).contains(Block(of: target))
        && !LayerKind.kinds(of: target).contains(.crossAttention))
  }

  func keeps(_ target: Target) -> Bool {
    self == .all || LayerKind.kinds(of: target).contains(.feedForward)
  }

  /// The U-Net's blocks with attention at these resolutions.
  private func blocks(of model: PretrainedModel.Kind) -> Set<Block> {
    let up = model == .sdxl ? 0..<3 : 3..<6
    let deep = [.input(7), .input(8), .middle] + up.map { Block.output($0) }
    if self == .deep { return Set(deep) }
    let next = [.input(4), .input(5)] + up.map { Block.output($0 + 3) }
    return Set(deep + next)
  }
}

extension SliderLayers {
  /// Chooses by how large the change is: what is left of it in the mean of each 32 × 32 pixels, the
  /// place that a value of the deep blocks stands for.
  ///
  /// Of the pairs that were measured, heads have a share of 0.16 to 0.34, widths and legs of 0.04 to
  /// 0.10. Where there are no pictures, all layers are needed.
  func resolved(for pairs: [PicturePair]) -> SliderLayers {
    guard self == .auto else { return self }
    if pairs.isEmpty { return .all }
    let shares = pairs.map { Self.coarseShare(from: $0.before, to: $0.after) }
    return shares.reduce(0, +) / Double(shares.count) > 0.13 ? .deep : .middle
  }

  /// The share of a change, of its sum of squares, that is left where each cell of pixels has its mean;
  /// 0 of no change.
  ///
  /// Cells at the right and lower edges may be smaller.
  static func coarseShare(from before: Picture, to after: Picture) -> Double {
    let (low, high) = (before.withoutAlpha, after.withoutAlpha)
    precondition(low.size == high.size)
    let columns = (low.width + cell - 1) / cell
    let cellCount = columns * ((low.height + cell - 1) / cell)
    var sums = [Double](repeating: 0, count: 3 * cellCount)
    var counts = [Double](repeating: 0, count: cellCount)
    var whole = 0.0
    for index in low.bytes.indices {
      let (pixel, channel) = (index / 3, index % 3)
      let place = pixel / low.width / cell * columns + pixel % low.width / cell
      let change = Double(high.bytes[index]) - Double(low.bytes[index])
      sums[3 * place + channel] += change
      if channel == 0 { counts[place] += 1 }
      whole += change * change
    }
    let coarse = sums.indices.reduce(0) { $0 + sums[$1] * sums[$1] / counts[$1 / 3] }
    return whole > 0 ? coarse / whole : 0
  }

  /// 8 pixels a latent, 4 latents a value.
  private static let cell = 32
}
