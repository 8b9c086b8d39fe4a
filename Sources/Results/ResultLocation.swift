import Adapters
import Files

/// Where a result's weights go, and its configuration where the naming keeps one beside them.
struct ResultLocation {
  let weights: String

  /// `nil` where the result is one file.
  let configuration: String?

  /// PEFT and MLX results are folders, unless the path is a stream's or that of a file.
  init(path: String, naming: Naming) {
    let names: [Naming: String] = [
      .peft: "adapter_model.safetensors", .mlx: "adapters.safetensors",
    ]
    let endings = [".safetensors", ".st", ".sft", ".zst", ".bin"]
    let isFile =
      path == "-" || endings.contains(where: path.hasSuffix)
      || [.file, .stream].contains(FileKind(path: path))
    guard let name = names[naming], !isFile else {
      weights = path
      configuration = nil
      return
    }
    var folder = path
    while folder.count > 1 && folder.hasSuffix("/") { folder.removeLast() }
    weights = "\(folder)/\(name)"
    configuration = "\(folder)/adapter_config.json"
  }

  var folder: String? {
    configuration.map { String($0.dropLast("/adapter_config.json".utf8.count)) }
  }
}
