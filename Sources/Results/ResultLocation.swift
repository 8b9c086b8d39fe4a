import Adapters
import Files

/// Where a result's weights go, and its configuration where the naming keeps one beside them.
struct ResultLocation {
  /// `nil` where the result is one file.
  let folder: String?

  /// The path of the file; its name where the result is a folder.
  let weights: String

  /// The name of the file beside the weights; `nil` where the result is one file.
  let configuration: String?

  /// The endings of names that are a file's.
  static let endings = [".safetensors", ".st", ".sft", ".zst", ".bin"]

  /// PEFT and MLX results are folders, unless the path is a stream's or that of a file.
  init(path: String, naming: Naming) {
    let isFile =
      path == "-" || Self.endings.contains(where: path.hasSuffix)
      || [.file, .stream].contains(FileKind(path: path))
    guard let name = naming.folder?.weights, !isFile else {
      (folder, weights, configuration) = (nil, path, nil)
      return
    }
    (folder, weights, configuration) = (path, name, "adapter_config.json")
  }
}
