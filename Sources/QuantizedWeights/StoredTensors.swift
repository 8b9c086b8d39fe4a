import JSON
import Safetensors
import Tensors

/// A file's tensors, and its declarations about the storage of layers.
struct StoredTensors {
  let file: SafetensorsFile

  /// ComfyUI's `_quantization_metadata`, by layer name.
  private let declared: [String: JSONValue]

  /// The block types of a GGUF file's tensors.
  let blocks: [TensorName: BlockTensor]

  init(_ file: SafetensorsFile, blocks: [TensorName: BlockTensor] = [:]) {
    self.file = file
    self.blocks = blocks
    declared = Self.layers(inMetadata: file.header.metadata[QuantizationMetadata.key])
  }

  subscript(name: String) -> Header.Entry? { file.header[name] }

  func fault(_ weight: Header.Entry, _ detail: String) -> QuantizedWeightError {
    QuantizedWeightError(file: file.path, weight: weight.name, detail: detail)
  }

  func fault(_ weight: Header.Entry, hasScales scale: Header.Entry) -> QuantizedWeightError {
    fault(
      weight,
      "of shape \(weight.shape) has scales of shape \(scale.shape) and type \(scale.type.rawValue), which fit no scheme that lora knows"
    )
  }

  /// The declaration for ComfyUI about a layer: in the metadata, which come first, or in a tensor.
  func declaration(of layer: String) -> [String: JSONValue]? {
    if case .object(let fields)? = declared[layer] { return fields }
    guard let entry = self["\(layer).comfy_quant"], entry.type == .uint8 else { return nil }
    let text = file.withBytes(of: entry) { unsafe $0.withUnsafeBytes { unsafe Array($0) } }
    guard case .object(let fields)? = JSONValue(parsing: text.filter { $0 != 0 }) else {
      return nil
    }
    return fields
  }

  /// The format in the declaration for ComfyUI.
  func format(of layer: String) -> String? {
    guard case .string(let format)? = declaration(of: layer)?["format"] else { return nil }
    return format
  }

  /// The tensors of a layer whose names end in these words, if they exist.
  func companions(of layer: String, _ words: [String]) -> [Header.Entry] {
    words.compactMap { self["\(layer).\($0)"] }
  }

  private static func layers(inMetadata text: String?) -> [String: JSONValue] {
    guard let text, case .object(let fields)? = JSONValue(parsing: text),
      case .object(let layers)? = fields["layers"]
    else { return [:] }
    return layers
  }
}

extension Header.Entry {
  /// The layer's name for its `….weight`; `nil` for any other tensor.
  var layer: String? {
    let text = name.string
    return text.hasSuffix(".weight") ? String(text.dropLast(7)) : nil
  }
}
