package import Files
import Names
import QuantizedWeights
package import Safetensors

/// A path as a user gives it, opened: an adapter, or what else it turns out to be.
package enum AdapterSource: Sendable {
  case adapter(Adapter)
  case checkpoint(Checkpoint)

  /// A safetensors file that is neither, and one sentence on what it is.
  case other(SafetensorsFile, reason: AdapterError)

  /// Opens a file, standard input (`-`) or a folder, by content and never by extension.
  package init(path: String) throws {
    if FileKind(path: path) == .folder {
      guard let weights = try Self.adapterFile(inFolder: path) else {
        self = .checkpoint(try Checkpoint(path: path))
        return
      }
      self = try Self.file(SafetensorsFile(path: weights), beside: path)
    } else if path.hasSuffix(ModelFiles.indexEnding) {
      self = .checkpoint(try Checkpoint(path: path))
    } else {
      let file = try MappedFile(path: path, claiming: GGUFFile.wantedByteCount)
      if GGUFFile.begins(file) {
        self = .checkpoint(
          Checkpoint(path: path, parts: [try .init(component: "", opening: file)]))
      } else {
        self = try Self.file(SafetensorsFile(file), beside: Path(path).folder)
      }
    }
  }

  private static func file(_ file: SafetensorsFile, beside folder: String) throws -> AdapterSource {
    do throws(AdapterError) {
      let plain = try Adapter(file)
      guard plain.naming.folder != nil, let configuration = try configuration(inFolder: folder)
      else {
        return .adapter(plain)
      }
      return .adapter(try Adapter(file, configuration: configuration))
    } catch {
      guard case .noAdapter = error.reason else { throw error }
      if Checkpoint.isCheckpoint(file.header) {
        return .checkpoint(Checkpoint(path: file.path, parts: [.init(component: "", file: file)]))
      }
      return .other(file, reason: error)
    }
  }

  /// The names of which one says that its folder is an adapter.
  package static let folderNames = weightNames + ["adapter_config.json"]

  /// As PEFT, MLX and diffusers name an adapter's weights.
  private static let weightNames = [
    "adapter_model.safetensors", "adapters.safetensors", "pytorch_lora_weights.safetensors",
  ]

  /// The weights of a PEFT, MLX or diffusers adapter's folder; `nil` where it is none.
  private static func adapterFile(inFolder path: String) throws -> String? {
    let names = try names(inFolder: path)
    if let name = weightNames.first(where: names.contains) { return "\(path)/\(name)" }
    guard names.contains("adapter_config.json") else { return nil }
    let files = names.filter { $0.hasSuffix(".safetensors") }
    guard files.count == 1 else {
      let detail =
        files.isEmpty
        ? "has an adapter_config.json but no adapter_model.safetensors; is the download complete?"
        : "holds several adapters (\(files.joined(separator: ", "))); name one"
      throw AdapterError(file: path, reason: .refused(detail))
    }
    return "\(path)/\(files[0])"
  }

  private static func configuration(
    inFolder folder: String
  ) throws(AdapterError) -> AdapterConfiguration? {
    let path = "\(folder)/adapter_config.json"
    guard FileKind(path: path).isRegular else { return nil }
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try readFile(path, atMost: 16 << 20)
    } catch {
      throw AdapterError(file: path, reason: .refused("\(error.reason)"))
    }
    return try AdapterConfiguration(json: bytes, path: path)
  }

  /// What it is read from: one file, or those of a folder or an index.
  package var files: [SafetensorsFile] {
    switch self {
    case .adapter(let adapter): [adapter.file]
    case .checkpoint(let checkpoint): checkpoint.parts.map(\.file)
    case .other(let file, _): [file]
    }
  }

  /// Throws where somebody has written one of the files since it was opened.
  package func checkUnchanged() throws(FileError) {
    for file in files { try file.checkUnchanged() }
  }

  /// The adapter, where it is one.
  ///
  /// - Throws: What it is instead.
  package func adapter() throws(AdapterError) -> Adapter {
    switch self {
    case .adapter(let adapter): return adapter
    case .other(_, let reason): throw reason
    case .checkpoint(let checkpoint):
      throw AdapterError(
        file: checkpoint.path, reason: .noAdapter(what: "is a checkpoint, not a LoRA"))
    }
  }
}
