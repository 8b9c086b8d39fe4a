import JSON
import Safetensors
import Tensors

/// A file's tensors and what it says of the storage of its layers.
struct StoredTensors {
  let file: SafetensorsFile

  /// ComfyUI's `_quantization_metadata`: layers by their names.
  private let declared: [String: JSONValue]

  /// The storage of tensors of blocks, of a GGUF file.
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

  /// What ComfyUI is told of a layer: by the metadata, which it heeds first, or by a tensor.
  func declaration(of layer: String) -> [String: JSONValue]? {
    if case .object(let fields)? = declared[layer] { return fields }
    guard let entry = self["\(layer).comfy_quant"], entry.type == .uint8 else { return nil }
    let text = file.withBytes(of: entry) { unsafe $0.withUnsafeBytes { unsafe Array($0) } }
    guard case .object(let fields)? = JSONValue(parsing: text.filter { $0 != 0 }) else {
      return nil
    }
    return fields
  }

  /// The name of the format that ComfyUI is told.
  func format(of layer: String) -> String? {
    guard case .string(let format)? = declaration(of: layer)?["format"] else { return nil }
    return format
  }

  /// The tensors of a layer under some last words, as far as they are there.
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
  /// The layer's name of its `….weight`; `nil` for any other tensor.
  var layer: String? {
    let text = name.string
    return text.hasSuffix(".weight") ? String(text.dropLast(7)) : nil
  }
}
