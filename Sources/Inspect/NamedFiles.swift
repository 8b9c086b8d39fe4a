import Adapters
import Files
import Safetensors

/// The safetensors files of a path: the file itself, or those of a folder or an index.
func safetensorsFiles(at path: String) throws -> [SafetensorsFile] {
  if let paths = separateFiles(inFolder: path) { return try paths.map(SafetensorsFile.init(path:)) }
  let isOne = FileKind(path: path) != .folder && !path.hasSuffix(".safetensors.index.json")
  return isOne ? [try SafetensorsFile(path: path)] : try AdapterSource(path: path).files
}

/// The only safetensors file of a path.
func safetensorsFile(at path: String) throws -> SafetensorsFile {
  let files = try safetensorsFiles(at: path)
  guard files.count == 1 else {
    let what = "is \(files.count) safetensors files; name one of them"
    throw AdapterError(file: path, reason: .refused(what))
  }
  return files[0]
}

/// The path of the only safetensors file of a path.
func path(ofSafetensorsFile path: String) throws -> String {
  FileKind(path: path) == .folder || path.hasSuffix(".safetensors.index.json")
    ? try safetensorsFile(at: path).path : path
}
