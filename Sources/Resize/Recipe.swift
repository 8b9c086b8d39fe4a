/// Decides which directions of each layer to keep, by scores that compare their strengths.
///
/// The score of singular value σᵢ of a layer's update is
/// log₁₀(rescale · σᵢ) − Σ wₖ · log₁₀(Refₖ), with Σ wₖ = 1.
///
/// Source: elias-gaeros/resize_lora, commit efe6f69, `ResizeRecipe`.
struct Recipe: Hashable, Sendable {
  /// The quantity that a singular value is compared with.
  enum Reference: String, CaseIterable, Sendable {
    /// The largest singular value of the base model's weight.
    case spectralOfBase = "spn_ckpt"

    /// The Frobenius norm of the base model's weight.
    case frobeniusOfBase = "fro_ckpt"

    /// The largest singular value of the update.
    case spectral = "spn_lora"

    /// The Frobenius norm of the update.
    case frobenius = "fro_lora"

    /// |uᵢᵀ·W·vᵢ|: the base model's weight W along the same direction.
    case subspace

    /// The number of elements per rank.
    case parameters = "params"

    var needsBase: Bool {
      switch self {
      case .spectralOfBase, .frobeniusOfBase, .subspace: true
      case .spectral, .frobenius, .parameters: false
      }
    }
  }

  enum Selection: Hashable, Sendable {
    /// Keeps scores of at least this value.
    case threshold(Double)

    /// Keeps the greatest scores of all layers until their factors reach this many MiB.
    case size(mebibytes: Double)
  }

  /// The recipe as the user wrote it, without spaces.
  let text: String

  /// The weights of the references; their sum is 1, and missing references have none.
  let weights: [Reference: Double]
  let selection: Selection

  /// A factor of the update, applied before scores are computed.
  let rescale: Double

  var needsBase: Bool { weights.keys.contains(where: \.needsBase) }

  /// The recipe in a file's name, as resize_lora spells it: `frockpt0.75_spnlora0.25_th-3.5`.
  var fileNamePart: String {
    var words = weights.map { reference, weight in
      reference.rawValue.replacing("_", with: "") + short(weight)
    }.sorted()
    if rescale != 1 { words.append("scale" + short(rescale)) }
    switch selection {
    case .threshold(let threshold): words.append("th" + short(threshold))
    case .size(let mebibytes): words.append("size" + short(mebibytes))
    }
    return words.joined(separator: "_")
  }
}

/// A number with at most four decimal places.
private func short(_ number: Double) -> String {
  let rounded = (number * 1e4).rounded() / 1e4
  return Int(exactly: rounded).map(String.init) ?? "\(rounded)"
}
