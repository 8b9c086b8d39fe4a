import Files
import JSON
import Names
package import Safetensors
import Tensors

/// The files of a whole model: one, the shards of an index, or a folder of components.
package struct Checkpoint: Sendable {
  package struct Part: Sendable {
    /// The component's folder, such as `unet`; empty for a single file.
    package let component: String
    package let file: SafetensorsFile

    package init(component: String, file: SafetensorsFile) {
      self.component = component
      self.file = file
    }
  }

  /// As the user named it.
  package let path: String
  package let parts: [Part]

  package init(path: String, parts: [Part]) {
    self.path = path
    self.parts = parts
  }
}

extension Checkpoint {
  /// Opens a single file, a `*.safetensors.index.json`, or a folder of either.
  package init(path: String) throws {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    self.path = path
    if path.hasSuffix(".safetensors.index.json") {
      parts = try Self.shards(index: path).map { Part(component: "", file: $0) }
    } else if FileKind(path: path) == .folder {
      parts = try Self.folder(path, component: "")
      if parts.isEmpty {
        let what = "holds no safetensors file, neither itself nor in its folders; name a file"
        throw AdapterError(file: path, reason: .refused(what))
      }
    } else {
      parts = [Part(component: "", file: try SafetensorsFile(path: path))]
    }
  }

  /// Whether the tensors are a model's: weights of layers, and nothing of an adapter's.
  package static func isCheckpoint(_ header: Header) -> Bool {
    header.entries.contains { entry in
      entry.shape.rank >= 2 && entry.name.string.utf8.count > 7
        && entry.name.string.hasSuffix(".weight") || Quantization.shows(entry)
    }
  }

  private static func folder(_ path: String, component: String) throws -> [Part] {
    let names = try names(inFolder: path)
    if let index = names.first(where: { $0.hasSuffix(".safetensors.index.json") }) {
      return try shards(index: "\(path)/\(index)").map { Part(component: component, file: $0) }
    }
    let files = names.filter { $0.hasSuffix(".safetensors") }
    if !files.isEmpty {
      return try preferred(files).map {
        Part(component: component, file: try SafetensorsFile(path: "\(path)/\($0)"))
      }
    }
    guard component.isEmpty else { return [] }
    // A hidden one may be what a run that was killed left.
    let folders = names.filter { !$0.hasPrefix(".") && FileKind(path: "\(path)/\($0)") == .folder }
    return try folders.flatMap {
      try folder("\(path)/\($0)", component: $0)
    }
  }

  /// Of `x.safetensors` and `x.fp16.safetensors`, which hold the same, the first.
  private static func preferred(_ files: [String]) -> [String] {
    files.filter { file in
      let plain = file.replacing(".fp16.safetensors", with: ".safetensors")
      return plain == file || !files.contains(plain)
    }
  }

  /// The files that an index names, each once.
  private static func shards(index path: String) throws -> [SafetensorsFile] {
    let bytes = try readFile(path, atMost: 64 << 20)
    guard case .object(let fields)? = JSONValue(parsing: bytes),
      case .object(let map)? = fields["weight_map"]
    else {
      let detail = "has no weight_map; is it an index of safetensors files?"
      throw AdapterError(file: path, reason: .refused(detail))
    }
    let names = Set(map.values.compactMap { if case .string(let name) = $0 { name } else { nil } })
    return try names.sorted().map { name in
      guard !name.contains("/") else {
        let detail = "names the file '\(printable(name))' outside of its folder"
        throw AdapterError(file: path, reason: .refused(detail))
      }
      return try SafetensorsFile(path: Path(path).prefix + name)
    }
  }
}
