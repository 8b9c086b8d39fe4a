import JSON
package import Safetensors

/// ComfyUI's `_quantization_metadata`: `{"layers": {NAME: {"format": "float8_e4m3fn"}}}`.
///
/// Source: Comfy-Org/ComfyUI `QUANTIZATION.md`, `comfy/utils.py`.
package enum QuantizationMetadata {
  package static let key = "_quantization_metadata"

  /// Changes the entries of some layers: to another format, or to plain numbers (`nil`).
  ///
  /// A file without such metadata stays without.
  package static func changing(
    _ metadata: Metadata, layers changes: [String: JSONText?]
  ) -> Metadata {
    guard !changes.isEmpty, let text = metadata[key],
      case .object(var fields)? = JSONValue(parsing: text),
      case .object(var layers)? = fields["layers"]
    else { return metadata }
    for (layer, declaration) in changes where layers[layer] != nil {
      layers[layer] = declaration.flatMap { JSONValue(parsing: $0.text) }
    }
    fields["layers"] = .object(layers)
    var result = metadata
    result[key] = JSONValue.object(fields).text()
    return result
  }
}

/// JSON text as a file holds it.
package struct JSONText: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }
}
