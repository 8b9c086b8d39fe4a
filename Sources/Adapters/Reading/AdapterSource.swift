package import Files
import Names
import QuantizedWeights
package import Safetensors

/// A path that the user gave, opened: an adapter, a checkpoint, or something else.
package enum AdapterSource: Sendable {
  case adapter(Adapter)
  case checkpoint(Checkpoint)

  /// A safetensors file that is neither, with one sentence that says what it is.
  case other(SafetensorsFile, reason: AdapterError)

  /// Opens a file, standard input (`-`) or a folder; the content decides, never the extension.
  ///
  /// - Parameter adapter: PEFT's name of the wanted adapter, where the file holds several.
  package init(path: String, adapter: String? = nil) throws {
    if let folder = try Self.folder(ofAdapter: adapter, in: path) {
      try self.init(path: folder)
    } else if FileKind(path: path) == .folder {
      guard let weights = try Self.adapterFile(inFolder: path) else {
        self = .checkpoint(try Checkpoint(path: path))
        return
      }
      self = try Self.file(SafetensorsFile(path: weights), beside: path, adapter)
    } else if path.hasSuffix(ModelFiles.indexEnding) {
      self = .checkpoint(try Checkpoint(path: path))
    } else {
      let file = try MappedFile(path: path, claiming: GGUFFile.wantedByteCount)
      if GGUFFile.begins(file) {
        self = .checkpoint(
          Checkpoint(path: path, parts: [try .init(component: "", opening: file)]))
      } else {
        self = try Self.file(SafetensorsFile(file), beside: Path(path).folder, adapter)
      }
    }
  }

  /// Finds the folder of one of several adapters: PEFT saves all but the first in folders of their
  /// names.
  ///
  /// - Returns: The wanted adapter's folder; `nil` where the path itself is meant.
  /// - Throws: If the path holds only several adapters and none of them is wanted.
  private static func folder(ofAdapter name: String?, in path: String) throws -> String? {
    guard FileKind(path: path) == .folder else { return nil }
    let all = try names(inFolder: path)
    let folders = all.filter { FileKind(path: "\(path)/\($0)/adapter_config.json").isRegular }
    if let name, folders.contains(name) { return "\(path)/\(name)" }
    let isAdapter = folderNames.contains(where: all.contains)
    if folders.isEmpty || isAdapter { return nil }
    let listed = folders.joined(separator: ", ")
    let detail =
      name.map { "has no adapter '\($0)', but \(listed)" }
      ?? "holds several adapters (\(listed)); name one, such as \(path)/\(folders[0]), or choose one with --adapter"
    throw AdapterError(file: path, reason: .refused(detail))
  }

  private static func file(
    _ file: SafetensorsFile, beside folder: String, _ name: String?
  ) throws -> AdapterSource {
    do throws(AdapterError) {
      let plain = try Adapter(file, name: name)
      guard plain.naming.folder != nil, let configuration = try configuration(inFolder: folder)
      else {
        return .adapter(plain)
      }
      return .adapter(try Adapter(file, configuration: configuration, name: name))
    } catch {
      guard case .noAdapter = error.reason else { throw error }
      if let method = (try? configuration(inFolder: folder))??.foreignMethod {
        let what =
          "is PEFT's \(method), not low-rank factors of each layer; the library that trained it can merge it"
        return .other(file, reason: AdapterError(file: file.path, reason: .noAdapter(what: what)))
      }
      if Checkpoint.isCheckpoint(file.header) {
        return .checkpoint(Checkpoint(path: file.path, parts: [.init(component: "", file: file)]))
      }
      return .other(file, reason: error)
    }
  }

  /// The names of files that mark their folder as an adapter's.
  package static let folderNames = weightNames + ["adapter_config.json"]

  /// The names that PEFT, MLX and diffusers give an adapter's weights.
  private static let weightNames = [
    "adapter_model.safetensors", "adapters.safetensors", "pytorch_lora_weights.safetensors",
  ]

  /// The weights in the folder of a PEFT, MLX or diffusers adapter; `nil` where it is none.
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

  /// The files that it is read from: one, or those of a folder or an index.
  package var files: [SafetensorsFile] {
    switch self {
    case .adapter(let adapter): [adapter.file]
    case .checkpoint(let checkpoint): checkpoint.parts.map(\.file)
    case .other(let file, _): [file]
    }
  }

  /// Throws if one of the files has been written since it was opened.
  package func checkUnchanged() throws(FileError) {
    for file in files { try file.checkUnchanged() }
  }

  /// The adapter, if it is one.
  ///
  /// - Parameter isDifference: Whether another adapter will be subtracted; then one that is
  ///   relative to its own initial weights can be read.
  /// - Throws: An error that says what it is instead.
  package func adapter(isDifference: Bool = false) throws(AdapterError) -> Adapter {
    switch self {
    case .adapter(let adapter):
      switch adapter.peculiarity {
      case nil: return adapter
      case .changedBase where isDifference: return adapter
      case let peculiarity?:
        throw AdapterError(file: adapter.file.path, reason: .refused("\(peculiarity)"))
      }
    case .other(_, let reason): throw reason
    case .checkpoint(let checkpoint):
      throw AdapterError(
        file: checkpoint.path, reason: .noAdapter(what: "is a checkpoint, not a LoRA"))
    }
  }
}
