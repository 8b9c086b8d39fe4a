/// How a module's tensors make its update.
package enum Algorithm: String, Hashable, Sendable {
  case lora
  case dora
  case loha
  case lokr
  case full
  case ia3
  case glora
  case oft
  case boft
  case norm

  package var title: String {
    switch self {
    case .lora: "LoRA"
    case .dora: "DoRA"
    case .loha: "LoHa"
    case .lokr: "LoKr"
    case .full: "a full difference"
    case .ia3: "(IA)³"
    case .glora: "GLoRA"
    case .oft: "OFT"
    case .boft: "BOFT"
    case .norm: "a difference of a norm"
    }
  }

  /// The algorithm whose parts a module has; `nil` where they make none.
  init?(parts: Set<Part>, blocksRank: Int?) {
    if parts.contains(.hadamard1A) || parts.contains(.hadamard2A) {
      self = .loha
    } else if !parts.isDisjoint(with: [.kronecker1, .kronecker1A, .kronecker2, .kronecker2A]) {
      self = .lokr
    } else if parts.contains(.gloraA1) && parts.contains(.gloraB1) {
      self = .glora
    } else if parts.contains(.orthogonalBlocks) {
      self = blocksRank == 4 ? .boft : .oft
    } else if parts.contains(.ia3OnInput) || parts.contains(.ia3Weight) {
      self = .ia3
    } else if parts.contains(.up) || parts.contains(.down) {
      self = parts.contains(.magnitude) ? .dora : .lora
    } else if parts.contains(.normWeightDifference) || parts.contains(.normBiasDifference) {
      self = .norm
    } else if !parts.isDisjoint(with: [.weightDifference, .biasDifference, .weight, .bias]) {
      self = .full
    } else {
      return nil
    }
  }
}
