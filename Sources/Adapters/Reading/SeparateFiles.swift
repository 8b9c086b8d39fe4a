import Files

/// Replaces each folder of separate files by its files; a model's and an adapter's folder stay.
package func expandingFolders(_ paths: [String]) -> [String] {
  paths.flatMap { separateFiles(inFolder: $0) ?? [$0] }
}

/// The safetensors files in a folder of adapters or checkpoints; `nil` for the folder of one model
/// or one adapter, and for other folders.
///
/// Files are recognised by their content. A file that has the extension but cannot be read is
/// included, so that an error names it.
package func separateFiles(inFolder path: String) -> [String]? {
  guard FileKind(path: path) == .folder, let names = try? names(inFolder: path),
    !names.contains(where: isOfOneThing)
  else { return nil }
  let prefix = path.hasSuffix("/") ? path : path + "/"
  let files = names.filter { !$0.hasPrefix(".") && FileKind(path: prefix + $0) == .file }
    .compactMap { Candidate(name: $0, path: prefix + $0) }
  // Shards without their index, and a half-precision copy beside a file, are one model.
  let whole = files.filter { !$0.name.contains("-of-") && !$0.name.contains(".fp16.") }
  guard files.contains(where: \.isAdapter) || whole.count > 1 else { return nil }
  return files.map { prefix + $0.name }
}

/// Whether a file of this name marks its folder as one model or one adapter.
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
