import Adapters
import CommandSupport
import Safetensors

/// How the weights of a merge were chosen, if they are not those that the user gave.
package struct MergeNotes: Encodable, Sendable {
  /// One factor of all weights that makes a sum as strong as its strongest input.
  package struct Energy: Encodable, Sendable {
    /// The factor.
    package let scale: Double

    /// The norm of the strongest input, weight included, and the norm of the unscaled sum.
    package let strongest: Double
    package let sum: Double

    /// The mean over all pairs of nonzero inputs; `nil` if there is no such pair.
    package let meanCosine: Double?

    /// Whether the floor for nearly orthogonal inputs determines the factor.
    package let isFloor: Bool

    package init(
      scale: Double, strongest: Double, sum: Double, meanCosine: Double?, isFloor: Bool
    ) {
      self.scale = scale
      self.strongest = strongest
      self.sum = sum
      self.meanCosine = meanCosine
      self.isFloor = isFloor
    }

    private enum CodingKeys: String, CodingKey {
      case scale
      case strongest
      case sum
      case meanCosine = "mean_cosine"
      case isFloor = "floor"
    }
  }

  /// The files and their weights, if a rule gives them.
  package var weights: [(file: String, weight: Double)] = []

  /// The limit of the energy, if there is one.
  package var energy: Energy?

  /// The factors of blocks above the limit of strengths; `nil` if strengths are not limited by
  /// block.
  package var blocks: [(label: String, scale: Double)]?

  package init() {}

  private enum CodingKeys: String, CodingKey {
    case weights
    case energy
    case blocks
  }

  /// Encodes the entries that exist: `{"weights": [{"file", "weight"}], "energy": {…}, "blocks":
  /// {"IN04": 0.7}}`.
  package func encode(to encoder: any Encoder) throws {
    struct Weight: Encodable {
      let file: String
      let weight: Double
    }
    var container = encoder.container(keyedBy: CodingKeys.self)
    if !weights.isEmpty {
      try container.encode(
        weights.map { Weight(file: $0.file, weight: $0.weight) }, forKey: .weights)
    }
    try container.encodeIfPresent(energy, forKey: .energy)
    try container.encodeIfPresent(
      blocks.map { Dictionary($0.map { ($0.label, $0.scale) }, uniquingKeysWith: { $1 }) },
      forKey: .blocks)
  }

  /// Whether there are no notes.
  package var isEmpty: Bool { weights.isEmpty && energy == nil && blocks == nil }

  /// The notes, one per line.
  package var lines: [String] {
    var lines: [String] = []
    if !weights.isEmpty {
      let items = weights.map { "\(printable(name(of: $0.file))) × \(significant($0.weight))" }
      lines.append("weights: \(items.joined(separator: ", "))")
    }
    if let blocks { lines.append("block limit: \(text(blocks))") }
    if let energy { lines.append("energy limit: \(energy.text)") }
    return lines
  }

  /// The notes for the result's metadata; `nil` if there are none.
  package var comment: String? {
    var parts: [String] = []
    if let energy { parts.append("energy limit: all weights * \(energy.scale)") }
    if let blocks {
      let items = blocks.map { "\($0.label) * \($0.scale)" }.joined(separator: ", ")
      parts.append("block limit: \(items.isEmpty ? "nothing scaled" : items)")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  private func text(_ blocks: [(label: String, scale: Double)]) -> String {
    if blocks.isEmpty { return "nothing scaled, because no block's strengths are above 1" }
    let items = blocks.map { "\(printable($0.label)) × \(significant($0.scale))" }
    return "\(counted(blocks.count, "block")) scaled (\(shown(items)))"
  }
}

extension MergeNotes.Energy {
  fileprivate var text: String {
    let norms =
      "the sum's norm is \(significant(sum)), the strongest file's \(significant(strongest))"
    if scale == 1 && !isFloor { return "nothing scaled; \(norms)" }
    let reason = isFloor ? ", the floor of files that are nearly orthogonal" : ""
    return "all weights × \(significant(scale))\(reason); \(norms)"
  }
}
