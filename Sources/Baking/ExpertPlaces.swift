import Adapters
import Names
import Safetensors
import Tensors

/// Finds the weights of experts in a checkpoint: one tensor for all experts, or one for each
/// projection of each expert.
struct ExpertPlaces {
  private let layers: CheckpointLayers

  /// Tensors of no layer, by name: parameters have only their own name.
  private let parameters: [String: (part: Int, entry: Header.Entry)]

  init(_ layers: CheckpointLayers) {
    self.layers = layers
    parameters = Dictionary(
      layers.others.filter { $0.entry.shape.rank == 3 }.map {
        ($0.entry.name.string, ($0.part, $0.entry))
      }, uniquingKeysWith: { first, _ in first })
  }

  /// The pieces that hold an expert's rows; empty if the checkpoint has no place for the expert.
  func pieces(
    of layer: Combination.Layer, _ expert: Module.Expert
  ) -> [CheckpointLayers.Piece] {
    joined(layer, expert).map { [$0] } ?? apart(layer, expert)
  }

  /// A slice of the parameter of all experts: `[experts, outputs, inputs]`, or inputs first in
  /// models that store them so.
  private func joined(
    _ layer: Combination.Layer, _ expert: Module.Expert
  ) -> CheckpointLayers.Piece? {
    let path = layer.target.path?.split(separator: ".").dropLast().joined(separator: ".") ?? ""
    guard let (part, entry) = parameters[path] ?? parameters["model." + path] else { return nil }
    let (own, extents) = (layer.extents, entry.shape.extents)
    guard extents[0] == expert.count else { return nil }
    let isStraight = extents[1] == own.outputs && extents[2] == own.inputs
    let isTransposed = extents[1] == own.inputs && extents[2] == own.outputs
    guard isStraight || isTransposed else { return nil }
    return CheckpointLayers.Piece(
      slice: expert.index, of: entry, part: part,
      isTransposed: isStraight && isTransposed ? hasInputsFirst(path) : isTransposed)
  }

  /// Whether the inputs come first, as in GPT-OSS, whose experts have biases, and in Llama 4.
  private func hasInputsFirst(_ path: String) -> Bool {
    path.contains("feed_forward.experts")
      || layers.others.contains { $0.entry.name.string == path + "_bias" }
  }

  /// The names that checkpoints on disk give the parts of a parameter, in the order of its rows.
  private static let projections = [
    "gate_up_proj": [["gate_proj", "up_proj"], ["w1", "w3"]], "down_proj": [["down_proj"], ["w2"]],
  ]

  private func apart(
    _ layer: Combination.Layer, _ expert: Module.Expert
  ) -> [CheckpointLayers.Piece] {
    for names in Self.projections[expert.parameter] ?? [] {
      var (pieces, offset): ([CheckpointLayers.Piece], Int) = ([], 0)
      for name in names {
        let target = Target.parse("\(expert.owner).\(expert.index).\(name)").target
        for piece in layers[CheckpointLayers.Key(target, .weight)] {
          guard piece.columns == layer.extents.columns, !piece.isTransposed else { return [] }
          pieces.append(piece.at(offset))
          offset += piece.rows.count
        }
      }
      if offset == layer.extents.outputs { return pieces }
    }
    return []
  }
}
