import JSON

/// The reason why a PEFT adapter's update is not alpha / rank · up · down.
package enum Peculiarity: Hashable, Sendable {
  /// Initialisation changed the base model by the initial factors.
  case changedBase(method: String)

  /// The update follows another rule.
  case otherRule(method: String, detail: String)

  init?(_ fields: [String: JSONValue]) {
    let method = fields["peft_type"]?.word ?? "LORA"
    if method == "LORA", let changed = Self.changedBase(fields["init_lora_weights"]?.word) {
      self = .changedBase(method: changed)
      return
    }
    for (key, method, detail) in Self.rules {
      switch fields[key] {
      case nil, .null, .boolean(false), .array([]): continue
      default:
        self = .otherRule(method: method, detail: detail)
        return
      }
    }
    return nil
  }

  /// The initialisation, if it subtracts the initial factors from the base model's weights; all
  /// other initialisations begin with an update of zero.
  private static func changedBase(_ way: String?) -> String? {
    guard let way = way?.lowercased() else { return nil }
    let ways = [
      ("pissa", "PiSSA"), ("olora", "OLoRA"), ("corda", "CorDA"), ("lora_ga", "LoRA-GA"),
      ("loftq", "LoftQ"),
    ]
    return ways.first { way.hasPrefix($0.0) }?.1
  }

  /// Variants of PEFT's LoRA, with the field that turns each on.
  private static let rules: [(key: String, method: String, detail: String)] = [
    ("kasa_config", "KaSA", "whose base model lost its smallest singular values before training"),
    ("use_bdlora", "BD-LoRA", "whose factors are block-diagonal"),
    ("monteclora_config", "MonteCLoRA", "whose factors are drawn from a distribution each time"),
    ("alora_invocation_tokens", "aLoRA", "which acts only behind the tokens that invoke it"),
    ("use_qalora", "QA-LoRA", "whose inputs are pooled in groups"),
    ("arrow_config", "Arrow", "a router over several adapters"),
    ("layer_replication", "LoRA of a model whose layers are replicated", "which no checkpoint has"),
  ]
}

extension Peculiarity: CustomStringConvertible {
  /// The sentence that follows the file's name.
  package var description: String {
    switch self {
    case .changedBase(let method):
      "was trained by \(method), on a base model that the first factors were subtracted from; subtract the initial adapter: lora diff TRAINED INITIAL -o OUT (for a residual base model, set init_lora_weights to true)"
    case .otherRule(let method, let detail):
      "is \(method), \(detail); merge it by PEFT"
    }
  }
}

extension JSONValue {
  /// The text, if the value is a string.
  var word: String? { if case .string(let text) = self { text } else { nil } }
}

/// The name of a method that cannot be read here, by `peft_type`; `nil` for the others.
func foreignMethod(ofPEFT type: String) -> String? {
  let read: Set = ["LORA", "LOHA", "LOKR", "IA3", "OFT", "BOFT", "TRAINABLE_TOKENS"]
  if read.contains(type) { return nil }
  let titles = [
    "ADALORA": "AdaLoRA", "ADAMSS": "AdaMSS", "ADAPTION_PROMPT": "LLaMA-Adapter", "BEFT": "BEFT",
    "C3A": "C³A", "CARTRIDGE": "Cartridge", "CPT": "CPT", "DEFT": "DEFT", "DELORA": "DeLoRA",
    "FOURIERFT": "FourierFT", "FROD": "FRoD", "GLORA": "GLoRA", "GRALORA": "GraLoRA",
    "HIRA": "HiRA", "HRA": "HRA", "LILY": "Lily", "LN_TUNING": "LN-tuning", "MISS": "MiSS",
    "MULTITASK_PROMPT_TUNING": "multitask prompt tuning", "OSF": "OSF", "PEANUT": "PEANuT",
    "POLY": "Poly", "PREFIX_TUNING": "prefix tuning", "PROMPT_TUNING": "prompt tuning",
    "PSOFT": "PSOFT", "PVERA": "PVeRA", "P_TUNING": "P-tuning", "RANDLORA": "RandLoRA",
    "ROAD": "RoAd", "SHADOW": "Shadow", "SHIRA": "SHiRA", "SUPERTUNING": "SuperTuning",
    "TINYLORA": "TinyLoRA", "UNILORA": "Uni-LoRA", "VBLORA": "VB-LoRA", "VERA": "VeRA",
    "WAVEFT": "WaveFT", "XLORA": "X-LoRA",
  ]
  return titles[type] ?? type
}
