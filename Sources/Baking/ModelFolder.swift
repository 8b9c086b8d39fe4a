import Adapters
import Files
import Names

/// A model's folder, and the files beside the weights that are baked.
struct ModelFolder {
  let path: String

  /// The paths of rewritten files, relative to the folder.
  let parts: Set<String>

  /// Whether files outside the folder that links lead to are copied too.
  let followsLinks: Bool

  /// Copies the files beside the weights, without those that hold the same weights unbaked:
  /// `x.fp16.safetensors` and `x.bin` beside the `x.safetensors` that is baked.
  ///
  /// - Throws: If a link leads out of the folder: it could make the copy include private files that
  ///   have nothing to do with the model.
  func copyRest(to output: OutputFolder) throws {
    try copyRest(of: "", to: output)
  }

  private static let weightEndings = [
    ".safetensors", ".bin", ".ckpt", ".pt", ".msgpack", ".h5", ".onnx", ".index.json",
  ]

  /// - Parameter below: A subfolder's path, empty or with a slash at its end.
  private func copyRest(of below: String, to output: OutputFolder) throws {
    let names = try names(inFolder: "\(path)/\(below)")
    let isSharded = names.contains { $0.hasSuffix(ModelFiles.indexEnding) }
    let holdsPart = names.contains { parts.contains(below + $0) }
    for name in names where !name.hasPrefix(".") {
      let file = below + name
      switch FileKind(path: "\(path)/\(file)") {
      case .folder:
        if try isKept(file, output) { continue }
        output.makeFolder(file)
        try copyRest(of: file + "/", to: output)
      case .file:
        let isWeights = Self.weightEndings.contains(where: name.hasSuffix)
        let isIndex = isSharded && name.hasSuffix(ModelFiles.indexEnding)
        if parts.contains(file) || holdsPart && isWeights && !isIndex { continue }
        try check(file)
        try output.copy("\(path)/\(file)", as: file)
      case .missing, .stream: continue
      }
    }
  }

  /// Whether a folder is a link that the result can keep, because it leads to another folder of
  /// this one.
  private func isKept(_ file: String, _ output: OutputFolder) throws -> Bool {
    let whole = "\(path)/\(file)"
    guard let destination = destination(ofLink: whole) else { return false }
    try check(file)
    let holdsParts = parts.contains { $0.hasPrefix(file + "/") }
    if isInside(whole) && !destination.hasPrefix("/") && !holdsParts {
      try output.link(file, to: destination)
      return true
    }
    if isSameFile(whole, Path(whole).folder) || isBelow(Path(whole).folder, whole) {
      let detail = "is a link to a folder that holds it, which has no end; remove the link"
      throw AdapterError(file: whole, reason: .refused(detail))
    }
    return false
  }

  private func check(_ file: String) throws(AdapterError) {
    let whole = "\(path)/\(file)"
    guard !followsLinks, let destination = destination(ofLink: whole), !isInside(whole) else {
      return
    }
    let detail =
      "is a link to \(destination), outside of the model's folder; --follow-links copies what it leads to"
    throw AdapterError(file: whole, reason: .refused(detail))
  }

  private func isInside(_ file: String) -> Bool {
    isSameFile(file, root) || isBelow(file, root)
  }

  /// The folder that links may not leave: this one, or in Hugging Face's cache, where
  /// `snapshots/REVISION` holds links to `../../blobs`, the folder that contains both.
  private var root: String {
    var above = resolved(path) ?? path
    while above.utf8.contains(UInt8(ascii: "/")), above != "/" {
      let parent = Path(above).folder
      if parent.hasSuffix("/snapshots"), FileKind(path: "\(Path(parent).folder)/blobs") == .folder {
        return Path(parent).folder
      }
      above = parent
    }
    return path
  }
}
