import Files

/// The paths, each folder that holds separate files replaced by these; a model's and an adapter's
/// folder stay as they are.
package func expandingFolders(_ paths: [String]) -> [String] {
  paths.flatMap { separateFiles(inFolder: $0) ?? [$0] }
}

/// The safetensors files in a folder of adapters or checkpoints; `nil` where the folder is one
/// model, one adapter, or neither.
///
/// Files are known by their content. One that claims by its name to be such a file and cannot be
/// read is among them, so that it is named.
package func separateFiles(inFolder path: String) -> [String]? {
  guard FileKind(path: path) == .folder, let names = try? names(inFolder: path),
    !names.contains(where: isOfOneThing)
  else { return nil }
  let prefix = path.hasSuffix("/") ? path : path + "/"
  let files = names.filter { !$0.hasPrefix(".") && FileKind(path: prefix + $0) == .file }
    .compactMap { Candidate(name: $0, path: prefix + $0) }
  // Shards without their index, and a file beside the same in half precision, are one model.
  let whole = files.filter { !$0.name.contains("-of-") && !$0.name.contains(".fp16.") }
  guard files.contains(where: \.isAdapter) || whole.count > 1 else { return nil }
  return files.map { prefix + $0.name }
}

/// Whether a file of this name says that its folder is one model or one adapter.
private func isOfOneThing(_ name: String) -> Bool {
  AdapterSource.folderNames.contains(name) || name == "model_index.json"
    || name.hasSuffix(".safetensors.index.json")
}

private struct Candidate {
  let name: String
  let isAdapter: Bool

  init?(name: String, path: String) {
    self.name = name
    do {
      if case .adapter = try AdapterSource(path: path) {
        isAdapter = true
      } else {
        isAdapter = false
      }
    } catch {
      let claims = [".safetensors", ".sft", ".st"].contains { ending in
        name.hasSuffix(ending) || name.hasSuffix(ending + ".zst")
      }
      guard claims else { return nil }
      isAdapter = false
    }
  }
}
