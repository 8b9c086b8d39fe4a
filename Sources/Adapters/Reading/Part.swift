/// What one tensor is to its module.
package enum Part: Hashable, Sendable {
  case up
  case down

  /// The core between up and down of a Tucker-decomposed convolution.
  case mid
  case alpha

  /// The magnitudes of a weight-decomposed adapter (DoRA).
  case magnitude

  /// What is added to the layer's bias.
  case biasDifference

  /// What is added to the layer's weight, whole.
  case weightDifference

  /// What takes the place of the layer's weight, and of its bias.
  case weight
  case bias
  case normWeightDifference
  case normBiasDifference
  case reshape

  case hadamard1A
  case hadamard1B
  case hadamard2A
  case hadamard2B
  case hadamardCore1
  case hadamardCore2

  case kronecker1
  case kronecker1A
  case kronecker1B
  case kronecker2
  case kronecker2A
  case kronecker2B
  case kroneckerCore

  case gloraA1
  case gloraA2
  case gloraB1
  case gloraB2

  case orthogonalBlocks
  case rescale
  case ia3Weight
  case ia3OnInput

  /// Rows of a table that stand in the place of the model's (PEFT's trainable tokens).
  case tokenRows
}

/// Whose way of spelling a part's suffix is.
///
/// Together with the prefix of the module's name it tells the file's naming.
package enum PartSpelling: Hashable, Sendable {
  /// `.lora_down.weight`; LyCORIS's parts too.
  case kohya

  /// `_lora_down.weight`, the separator lost.
  case kohyaJoined

  /// `.lora_A.weight`.
  case peft

  /// `.lora_A`, without `.weight`.
  case loralib

  /// `.lora_a`, transposed.
  case mlx

  /// `.lora.down.weight` and `.lora_linear_layer.down.weight`.
  case diffusers

  /// `_lora.down.weight` behind `.processor.`.
  case attentionProcessor

  /// `:down`.
  case cloneofsimo

  /// `.alpha` and the like, which any of them may use.
  case any
}

/// A tensor's name taken apart.
struct PartName: Hashable {
  let module: String
  let part: Part
  let spelling: PartSpelling
}

extension PartName {
  /// Takes a tensor's name apart; `nil` where its end is none that a trainer gives.
  ///
  /// To read one more spelling, add its suffix to `suffixes`.
  init?(_ name: String) {
    let bytes = Array(name.utf8)
    if bytes.ends(with: ".diff_m") {  // of Wan's `modulation`, which is no layer with a weight
      self.init(module: bytes.dropLast(6) + "modulation".utf8, .weightDifference, .any)
      return
    }
    // The longest of the known suffixes has three dots.
    var dots: [Int] = []
    for index in bytes.indices.reversed() where bytes[index] == UInt8(ascii: ".") {
      dots.append(index)
      if dots.count == 3 { break }
    }
    for dot in dots.reversed() {
      let suffix = String(decoding: bytes[dot...], as: UTF8.self)
      guard let (part, spelling) = Self.suffixes[suffix] else { continue }
      self.init(module: bytes[..<dot], part, spelling)
      return
    }
    if let adapterName = Self.namedAdapter(bytes, dots: dots) {
      self = adapterName
      return
    }
    for (suffix, kept, part, spelling) in Self.joinedSuffixes where bytes.ends(with: suffix) {
      self.init(module: bytes.dropLast(suffix.utf8.count - kept), part, spelling)
      return
    }
    return nil
  }

  private init(module: ArraySlice<UInt8>, _ part: Part, _ spelling: PartSpelling) {
    self.init(module: String(decoding: module, as: UTF8.self), part: part, spelling: spelling)
  }

  private static let named = ["lora_", "hada_", "lokr_", "oft_", "boft_", "ia3_l"]

  /// PEFT may leave the adapter's own name in the key: `….lora_A.default.weight`.
  private static func namedAdapter(_ bytes: [UInt8], dots: [Int]) -> PartName? {
    for length in [3, 2] where dots.count >= length {
      let components = bytes[dots[length - 1]...].split(separator: UInt8(ascii: ".")).map {
        String(decoding: $0, as: UTF8.self)
      }
      let tail = components.count == 3 ? "." + components[2] : ""
      guard components.count == length, named.contains(where: components[0].hasPrefix),
        let (part, spelling) = suffixes["." + components[0] + tail]
      else { continue }
      return PartName(module: bytes[..<dots[length - 1]], part, spelling)
    }
    return nil
  }

  private static let suffixes: [String: (Part, PartSpelling)] = [
    ".lora_up.weight": (.up, .kohya),
    ".lora_down.weight": (.down, .kohya),
    ".lora_mid.weight": (.mid, .kohya),
    ".lora_up.bias": (.biasDifference, .kohya),
    ".lora_B.weight": (.up, .peft),
    ".lora_A.weight": (.down, .peft),
    ".lora_B.bias": (.biasDifference, .peft),
    ".lora_embedding_B": (.up, .peft),
    ".lora_embedding_A": (.down, .peft),
    ".lora_magnitude_vector": (.magnitude, .peft),
    ".lora_magnitude_vector.weight": (.magnitude, .peft),
    ".lora_B": (.up, .loralib),
    ".lora_A": (.down, .loralib),
    ".lora_b": (.up, .mlx),
    ".lora_a": (.down, .mlx),
    ".m": (.magnitude, .mlx),
    ".lora.up.weight": (.up, .diffusers),
    ".lora.down.weight": (.down, .diffusers),
    ".lora_linear_layer.up.weight": (.up, .diffusers),
    ".lora_linear_layer.down.weight": (.down, .diffusers),
    ".alpha": (.alpha, .any),
    ".network_alpha": (.alpha, .any),
    ".dora_scale": (.magnitude, .any),
    ".magnitude": (.magnitude, .any),
    ".diff": (.weightDifference, .any),
    ".diff_b": (.biasDifference, .any),
    ".set_weight": (.weight, .any),
    ".reshape_weight": (.reshape, .any),
    ".w_norm": (.normWeightDifference, .any),
    ".b_norm": (.normBiasDifference, .any),
    ".scale": (.weight, .any),
    ".hada_w1_a": (.hadamard1A, .any),
    ".hada_w1_b": (.hadamard1B, .any),
    ".hada_w2_a": (.hadamard2A, .any),
    ".hada_w2_b": (.hadamard2B, .any),
    ".hada_t1": (.hadamardCore1, .any),
    ".hada_t2": (.hadamardCore2, .any),
    ".lokr_w1": (.kronecker1, .any),
    ".lokr_w1_a": (.kronecker1A, .any),
    ".lokr_w1_b": (.kronecker1B, .any),
    ".lokr_w2": (.kronecker2, .any),
    ".lokr_w2_a": (.kronecker2A, .any),
    ".lokr_w2_b": (.kronecker2B, .any),
    ".lokr_t2": (.kroneckerCore, .any),
    ".a1.weight": (.gloraA1, .any),
    ".a2.weight": (.gloraA2, .any),
    ".b1.weight": (.gloraB1, .any),
    ".b2.weight": (.gloraB2, .any),
    ".oft_blocks": (.orthogonalBlocks, .any),
    ".oft_R.weight": (.orthogonalBlocks, .any),
    ".oft_r": (.orthogonalBlocks, .peft),
    ".boft_R": (.orthogonalBlocks, .peft),
    ".oft_diag": (.orthogonalBlocks, .any),
    ".rescale": (.rescale, .any),
    ".oft_s": (.rescale, .peft),
    ".boft_s": (.rescale, .peft),
    ".ia3_l": (.ia3Weight, .peft),
    ".base_layer.weight": (.weight, .any),
    ".base_layer.bias": (.bias, .any),
    ".trainable_tokens_delta": (.tokenRows, .peft),
    ".token_adapter.trainable_tokens_delta": (.tokenRows, .peft),
    ".on_input": (.ia3OnInput, .any),
  ]

  /// Suffixes that begin inside a component of the name, and how many of their bytes stay with
  /// the module: XLabs tells the streams of a block apart by `_lora1` and `_lora2`.
  private static let joinedSuffixes: [(String, kept: Int, Part, PartSpelling)] = [
    ("_lora_up.weight", 0, .up, .kohyaJoined),
    ("_lora_down.weight", 0, .down, .kohyaJoined),
    ("_lora.up.weight", 0, .up, .attentionProcessor),
    ("_lora.down.weight", 0, .down, .attentionProcessor),
    ("_lora1.up.weight", 6, .up, .attentionProcessor),
    ("_lora1.down.weight", 6, .down, .attentionProcessor),
    ("_lora2.up.weight", 6, .up, .attentionProcessor),
    ("_lora2.down.weight", 6, .down, .attentionProcessor),
    (":up", 0, .up, .cloneofsimo),
    (":down", 0, .down, .cloneofsimo),
  ]
}

extension [UInt8] {
  fileprivate func ends(with suffix: String) -> Bool {
    count > suffix.utf8.count && self.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
  }
}
