import JSON
package import Names
import QuantizedWeights
import Safetensors
import Tensors

/// The way in which a network's weights are stored, if they cannot be changed as they are: scaled,
/// or packed into few bits.
package struct Quantization: Hashable, Sendable {
  /// The scheme's usual name, such as `scaled FP8` or `bitsandbytes NF4`.
  package let scheme: String

  /// The number of weights in this scheme.
  package let weightCount: Int

  /// The name of one tensor that shows the scheme.
  package let example: String
}

extension Quantization {
  /// Schemes, each with the last words of tensor names that only it uses.
  ///
  /// If a network shows several schemes, the first counts.
  ///
  /// Sources: Comfy-Org/ComfyUI `comfy/quant_ops.py` and `comfy/utils.py`; bitsandbytes; AutoGPTQ;
  /// AutoAWQ; HQQ; optimum-quanto; torchao; compressed-tensors; ModelOpt; nunchaku; EETQ;
  /// DeepSeek-V3; gpt-oss.
  static let schemes: [(title: String, words: [String])] = [
    ("ComfyUI's", ["comfy_quant"]),
    ("bitsandbytes NF4", ["bitsandbytes__nf4"]),
    ("bitsandbytes FP4", ["bitsandbytes__fp4"]),
    ("bitsandbytes 4 bits", ["absmax", "quant_map", "nested_absmax", "nested_quant_map"]),
    ("bitsandbytes INT8", ["SCB", "weight_format"]),
    ("SVDQuant", ["wscales", "smooth_factor"]),
    ("GPTQ", ["g_idx"]),
    ("GPTQ or AWQ", ["qweight", "qzeros"]),
    ("HQQ", ["W_q"]),
    ("EXL2", ["q_weight", "q_scale", "q_perm", "q_invperm"]),
    ("quanto", ["_data", "_scale"]),
    ("torchao", ["_weight_qdata", "weight_qdata", "_weight_scale", "_weight_zero_point"]),
    ("NVFP4", ["weight_scale_2"]),
    ("compressed-tensors", ["weight_packed", "weight_global_scale", "weight_zero_point"]),
    (
      "MXFP4",
      [
        "gate_up_proj_blocks", "gate_up_proj_scales", "down_proj_blocks", "down_proj_scales",
      ]
    ),
    ("EETQ", ["weight_scales"]),
    ("scaled", ["scale_weight", "weight_scale", "weight_scale_inv", "pre_quant_scale"]),
    ("packed", [packed]),
  ]

  /// The entry for a weight whose element type holds no floats.
  private static let packed = "weight"

  private static let places = Dictionary(
    uniqueKeysWithValues: schemes.enumerated().flatMap { place, scheme in
      scheme.words.map { ($0, place) }
    })

  /// The index of the scheme that a tensor shows; `nil` for a tensor that any model has.
  private static func place(of entry: Header.Entry) -> Int? {
    let name = entry.name.string
    let dot = name.utf8.lastIndex(of: UInt8(ascii: "."))
    let word = dot.map { String(name[name.index(after: $0)...]) } ?? name
    guard let place = places[word] else { return nil }
    let isPlainWeight = word == packed && (entry.shape.rank < 2 || entry.type.isStoredFloat)
    return isPlainWeight ? nil : place
  }

  /// Whether a tensor shows that a model is quantised.
  static func shows(_ entry: Header.Entry) -> Bool { place(of: entry) != nil }

  /// The scheme of each network of a model that cannot be read.
  static func unread(in checkpoint: Checkpoint) -> [Target.Network: Quantization] {
    var found: [Target.Network: [(place: Int, sign: Sign)]] = [:]
    for part in checkpoint.parts {
      let prefix = part.component.hasPrefix("text_encoder") ? part.component + "." : ""
      for sign in signs(in: part) {
        guard let target = Checkpoint.target(of: prefix + sign.name) else { continue }
        found[target.network, default: []].append((sign.place, sign))
      }
    }
    return found.compactMapValues { signs in
      guard let first = signs.min(by: { $0.place < $1.place }) else { return nil }
      let own = signs.filter { $0.place == first.place }
      return Quantization(
        scheme: first.sign.scheme, weightCount: Set(own.map(\.sign.weight)).count,
        example: first.sign.name)
    }
  }

  /// A tensor, or an entry of the metadata, that shows a scheme.
  private struct Sign {
    let place: Int
    let name: String
    let scheme: String

    /// The name of the weight that it belongs to.
    let weight: TensorName
  }

  private static func signs(in part: Checkpoint.Part) -> [Sign] {
    let file = part.file
    let ofTensors = file.header.entries.compactMap { entry -> Sign? in
      guard !part.quantized.reads(entry.name), let place = place(of: entry) else { return nil }
      let name = entry.name.string
      let weight = weightName(of: name)
      return Sign(
        place: place, name: name, scheme: scheme(at: place, entry, weight, in: file),
        weight: TensorName(weight))
    }
    let declared = signs(inMetadata: file.header.metadata[QuantizationMetadata.key])
    return ofTensors + declared.filter { part.quantized.weights[$0.weight] == nil }
  }

  /// Reads ComfyUI's `{"layers": {NAME: {"format": "nvfp4"}}}`.
  private static func signs(inMetadata text: String?) -> [Sign] {
    guard let text, case .object(let fields)? = JSONValue(parsing: text),
      case .object(let layers)? = fields["layers"]
    else { return [] }
    return layers.sorted { $0.key < $1.key }.map { name, layer in
      Sign(
        place: 0, name: name + ".weight", scheme: comfyScheme(layer),
        weight: TensorName(name + ".weight"))
    }
  }

  private static func comfyScheme(_ value: JSONValue?) -> String {
    guard case .object(let fields)? = value, case .string(let format)? = fields["format"] else {
      return "ComfyUI's quantised weights"
    }
    return "ComfyUI's \(printable(format))"
  }

  /// Returns `….q_proj.weight` for `….q_proj.weight.absmax`, `….q_proj.SCB` and the like.
  private static func weightName(of name: String) -> String {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return name }
    var path = String(name[..<dot])
    if path.hasSuffix(".quant_state") { path.removeLast(".quant_state".utf8.count) }
    return path.hasSuffix(".weight") ? path : path + ".weight"
  }

  private static func scheme(
    at place: Int, _ entry: Header.Entry, _ weight: String, in file: SafetensorsFile
  ) -> String {
    let (title, words) = schemes[place]
    switch title {
    case "scaled":
      return "\(title) \(word(for: file.header[weight]?.type ?? .float8e4m3))"
    case "packed": return "\(title) as \(entry.type.rawValue)"
    case "ComfyUI's" where entry.name.string.hasSuffix(words[0]):
      let bytes = file.withBytes(of: entry) { unsafe $0.withUnsafeBytes { unsafe Array($0) } }
      return comfyScheme(JSONValue(parsing: bytes))
    default: return title
    }
  }

  /// The type's usual name.
  private static func word(for type: ElementType) -> String {
    switch type {
    case .int8: "INT8"
    case .uint8, .float4: "FP4"
    default: type.rawValue.hasPrefix("F8") ? "FP8" : type.rawValue
    }
  }
}

extension Checkpoint {
  /// The usual names of the schemes of weights that are codes and scales, sorted.
  package var quantizationSchemes: [String] {
    let read = parts.flatMap { $0.quantized.weights.values.map(\.scheme) }
    return Set(read + Quantization.unread(in: self).values.map(\.scheme)).sorted()
  }

  /// The error of each network whose weights cannot be decoded.
  var unreadQuantizations: [Target.Network: AdapterError] {
    var errors = Quantization.unread(in: self)
      .mapValues { AdapterError(file: path, reason: .quantized($0)) }
    for part in parts {
      let prefix = part.component.hasPrefix("text_encoder") ? part.component + "." : ""
      for fault in part.quantized.faults.values.sorted(by: { $0.weight < $1.weight }).reversed() {
        guard let target = Checkpoint.target(of: prefix + fault.weight.string) else { continue }
        errors[target.network] = AdapterError(
          file: fault.file, reason: .refused("\(fault.weight) \(fault.detail)"))
      }
      if let error = part.foreignNames { errors[.denoiser] = error }
    }
    return errors
  }
}

extension Checkpoint.Part {
  /// Refuses a language model under llama.cpp's names, whose rows of q and k are in another order.
  ///
  /// Source: ggml-org/llama.cpp, `gguf-py/gguf/tensor_mapping.py`, `convert_hf_to_gguf.py`.
  fileprivate var foreignNames: AdapterError? {
    guard quantized.isGGUF,
      let entry = file.header.entries.first(where: { $0.name.string.hasPrefix("blk.") })
    else { return nil }
    let detail =
      "holds a language model under llama.cpp's names, such as \(entry.name), which have no place in adapters' names; take the model in safetensors"
    return AdapterError(file: file.path, reason: .refused(detail))
  }
}

extension CheckpointLayers {
  /// Refuses networks with weights that cannot be decoded.
  ///
  /// A network counts as a whole. In a model whose text encoder has an unknown scheme, the denoiser
  /// can be changed; in a denoiser with an unknown scheme, not even the layers that are plain can.
  package func checkNumbers(
    of networks: some Sequence<Target.Network>
  ) throws(AdapterError) {
    for network in Set(networks).sorted() {
      if let error = unread[network] { throw error }
    }
  }

  /// Refuses every network with weights that cannot be decoded.
  package func checkNumbers() throws(AdapterError) { try checkNumbers(of: unread.keys) }
}
