import ArgumentParser
import Diffusion
import Names

/// The layers that a direct slider is trained on, and those of them that it keeps.
///
/// The blocks of the lowest resolutions decide where things are and how large they are; the others
/// draw colours and edges. B-LoRA (Frenkel et al. 2024) finds the same of SDXL. Attention carries a
/// change to all places of a picture, and a feed-forward layer changes each place by itself. So
/// attention takes up what belongs to these two pictures alone, and is left out of the slider:
/// `Benchmarks/results` has the figures.
enum SliderLayers: String, CaseIterable, ExpressibleByArgument {
  /// Trains the deep blocks without cross-attention, and keeps their feed-forward layers.
  case feedForward = "feed-forward"

  /// Trains and keeps the deep blocks without cross-attention.
  case deep

  /// Trains and keeps every layer that sd-scripts adapts.
  case all

  func trains(_ target: Target, of model: PretrainedModel.Kind) -> Bool {
    self == .all
      || (Self.deepBlocks(of: model).contains(Block(of: target))
        && !LayerKind.kinds(of: target).contains(.crossAttention))
  }

  func keeps(_ target: Target) -> Bool {
    self != .feedForward || LayerKind.kinds(of: target).contains(.feedForward)
  }

  /// The U-Net's blocks with attention at its lowest resolutions.
  private static func deepBlocks(of model: PretrainedModel.Kind) -> Set<Block> {
    let up = model == .sdxl ? 0..<3 : 3..<6
    return Set([.input(7), .input(8), .middle] + up.map { .output($0) })
  }
}
