package import Files
package import Names
package import QuantizedWeights
package import Safetensors
import Tensors

/// The files of a whole model: a single file, the shards of an index, or a folder of components.
package struct Checkpoint: Sendable {
  package struct Part: Sendable {
    /// The component's folder, such as `unet`; empty for a single file.
    package let component: String
    package let file: SafetensorsFile

    /// The weights that are stored as codes and scales.
    package let quantized: QuantizedTensors

    package init(component: String, file: SafetensorsFile) {
      self.component = component
      self.file = file
      quantized = QuantizedTensors(file)
    }

    /// Opens a safetensors or a GGUF file.
    package init(component: String, path: String) throws {
      try self.init(
        component: component, opening: MappedFile(path: path, claiming: GGUFFile.wantedByteCount))
    }

    /// Opens a file of either format, which its first bytes tell.
    package init(component: String, opening file: MappedFile) throws {
      self.component = component
      if GGUFFile.begins(file) {
        let gguf = try GGUFFile(file)
        self.file = gguf.file
        quantized = QuantizedTensors(gguf)
      } else {
        self.file = try SafetensorsFile(file)
        quantized = QuantizedTensors(self.file)
      }
    }
  }

  /// The path as the user gave it.
  package let path: String
  package let parts: [Part]

  package init(path: String, parts: [Part]) {
    self.path = path
    self.parts = parts
  }
}

extension Checkpoint {
  /// Opens a safetensors or GGUF file, a `*.safetensors.index.json`, or a folder of either.
  package init(path: String) throws {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    self.path = path
    if path.hasSuffix(ModelFiles.indexEnding) {
      parts = try ModelFiles.shards(ofIndex: path).map {
        Part(component: "", file: try SafetensorsFile(path: $0))
      }
    } else if FileKind(path: path) == .folder {
      parts = try Self.folder(path, component: "")
      if parts.isEmpty {
        let what = "holds no safetensors file, neither itself nor in its folders; name a file"
        throw AdapterError(file: path, reason: .refused(what))
      }
    } else {
      parts = [try Part(component: "", path: path)]
    }
  }

  /// Whether the tensors are a model's: they include weights of layers and no part of an adapter.
  package static func isCheckpoint(_ header: Header) -> Bool {
    header.entries.contains { entry in
      entry.shape.rank >= 2 && entry.name.string.utf8.count > 7
        && entry.name.string.hasSuffix(".weight") || Quantization.shows(entry)
    }
  }

  private static func folder(_ path: String, component: String) throws -> [Part] {
    let files = try ModelFiles.paths(inFolder: path)
    if !files.isEmpty {
      return try files.map { Part(component: component, file: try SafetensorsFile(path: $0)) }
    }
    guard component.isEmpty else { return [] }
    // A killed run may have left a hidden folder.
    let folders = try names(inFolder: path).filter {
      !$0.hasPrefix(".") && FileKind(path: "\(path)/\($0)") == .folder
    }
    return try folders.flatMap {
      try folder("\(path)/\($0)", component: $0)
    }
  }
}

extension Checkpoint {
  /// The model's family, detected from the names and shapes of its weights.
  package var baseModel: BaseModel {
    let layers = parts.flatMap { part in
      part.file.header.entries.compactMap { entry -> BaseModel.Layer? in
        let name = entry.name.string
        let shape = part.quantized.weights[entry.name]?.shape ?? entry.shape
        guard name.hasSuffix(".weight"), shape.rank >= 2 else { return nil }
        let path = String(name.dropLast(7))
        let prefix = part.component.hasPrefix("text_encoder") ? part.component + "." : ""
        guard let target = Checkpoint.target(of: prefix + path) else { return nil }
        return BaseModel.Layer(
          target: target, outputs: shape.extents[0], inputs: shape.extents[1])
      }
    }
    return BaseModel(recognising: layers)
  }

  /// The layer of a checkpoint's weight; `nil` for a VAE's and for others that no adapter changes.
  package static func target(of path: String) -> Target? {
    let others = [CheckpointNames.vae, "model_ema.", "vae.", "encoder.down", "decoder.up"]
    if others.contains(where: path.hasPrefix) { return nil }
    guard let encoder = CheckpointNames.encoders.first(where: { path.hasPrefix($0.prefix) }) else {
      return Target.parse(path).target
    }
    return Target.parse(encoder.component + path.dropFirst(encoder.prefix.count)).target
  }
}
