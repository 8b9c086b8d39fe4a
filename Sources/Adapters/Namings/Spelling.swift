/// The end of a tensor's name that says which part of its module the tensor is.
package struct Suffix: Hashable, Sendable {
  let text: String
  let part: Part

  /// The number of leading bytes that stay with the module's name: XLabs tells the two streams of a
  /// block apart by `_lora1` and `_lora2`.
  var kept = 0

  /// Whether the factors are those of an embedding table.
  var isOfTable = false

  /// Whether checkpoints' tensors have this ending too; then the module's other parts must decide.
  var isShared = false

  init(
    _ text: String, _ part: Part, kept: Int = 0, isOfTable: Bool = false, isShared: Bool = false
  ) {
    self.text = text
    self.part = part
    self.kept = kept
    self.isOfTable = isOfTable
    self.isShared = isShared
  }
}

/// One way to spell parts: a table that readers and writers share.
///
/// To read another spelling of a part, add its suffix to the table of the naming that uses it. A
/// part with several suffixes is written with the first.
package struct Spelling: Sendable {
  /// The name that distinguishes it from the other spellings.
  let name: String
  let suffixes: [Suffix]

  init(_ name: String, _ suffixes: [Suffix]) {
    self.name = name
    self.suffixes = suffixes
  }
}

extension Spelling: Hashable {
  package static func == (a: Spelling, b: Spelling) -> Bool { a.name == b.name }

  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Suffix {
  static let wholeWeight = Suffix(".set_weight", .weight)

  /// A norm's weight in Flux; beside factors, the factor by which A1111 multiplies them.
  static let scale = Suffix(".scale", .weight)

  /// A fully trained layer under its plain name.
  static let plainWeight = Suffix(".weight", .weight, isShared: true)
  static let plainBias = Suffix(".bias", .bias, isShared: true)

  /// (IA)³ of LyCORIS.
  static let ia3Weight = Suffix(".weight", .ia3Weight, isShared: true)
}

extension Spelling {
  /// The suffixes that files of any naming use: LyCORIS's parts, differences, alpha.
  static let common = Spelling(
    "common",
    [
      Suffix(".alpha", .alpha),
      Suffix(".network_alpha", .alpha),
      Suffix(".dora_scale", .magnitude),
      Suffix(".magnitude", .magnitude),
      Suffix(".diff", .weightDifference),
      Suffix(".diff_b", .biasDifference),
      .wholeWeight,
      .scale,
      Suffix(".base_layer.weight", .weight),
      .plainWeight,
      Suffix(".base_layer.bias", .bias),
      .plainBias,
      Suffix(".reshape_weight", .reshape),
      Suffix(".w_norm", .normWeightDifference),
      Suffix(".b_norm", .normBiasDifference),
      Suffix(".hada_w1_a", .hadamard1A),
      Suffix(".hada_w1_b", .hadamard1B),
      Suffix(".hada_w2_a", .hadamard2A),
      Suffix(".hada_w2_b", .hadamard2B),
      Suffix(".hada_t1", .hadamardCore1),
      Suffix(".hada_t2", .hadamardCore2),
      Suffix(".lokr_w1", .kronecker1),
      Suffix(".lokr_w1_a", .kronecker1A),
      Suffix(".lokr_w1_b", .kronecker1B),
      Suffix(".lokr_w2", .kronecker2),
      Suffix(".lokr_w2_a", .kronecker2A),
      Suffix(".lokr_w2_b", .kronecker2B),
      Suffix(".lokr_t2", .kroneckerCore),
      Suffix(".a1.weight", .gloraA1),
      Suffix(".a2.weight", .gloraA2),
      Suffix(".b1.weight", .gloraB1),
      Suffix(".b2.weight", .gloraB2),
      Suffix(".oft_blocks", .orthogonalBlocks),
      Suffix(".oft_diag", .orthogonalBlocks),
      Suffix(".rescale", .rescale),
      .ia3Weight,
      Suffix(".on_input", .ia3OnInput),
    ])
}

extension Naming {
  /// The suffix with which the naming writes a part; `nil` where it has none.
  ///
  /// - Parameter isTable: Whether the layer is an embedding table.
  func suffix(_ part: Part, isTable: Bool = false) -> String? {
    if case .orthogonalBlocksOfRows(let number) = part { return ".oft_blocks.\(number)" }
    let suffixes = spellings.lazy.flatMap(\.suffixes).filter { $0.part == part }
    let suffix = suffixes.first { $0.isOfTable == isTable } ?? suffixes.first
    return suffix.map { String($0.text.dropFirst($0.kept)) }
  }
}
