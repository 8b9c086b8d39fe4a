import Adapters
import Files
import Safetensors

/// A checkpoint, a sharded one or a folder of components, written with adapters baked in.
package struct BakedModel: Sendable {
  /// What was done.
  package struct Report: Encodable, Sendable {
    package let tensors: Int
    package let modules: Int
    package let missing: [String]

    /// ‖written − asked‖ / ‖asked‖ of what is added, computed from the values as stored: what the
    /// checkpoint's element type can hold of it.
    package let relativeError: Double

    private enum CodingKeys: String, CodingKey {
      case tensors
      case modules
      case missing
      case relativeError = "relative_error"
    }
  }

  private let layers: BakedLayers
  private let threads: Int

  package init(_ layers: BakedLayers, threads: Int) {
    self.layers = layers
    self.threads = threads
  }

  private var checkpoint: Checkpoint { layers.layers.checkpoint }

  /// Writes the model: a file where it is one file, else a folder.
  ///
  /// - Parameter followsLinks: Whether what links lead to outside of a folder is copied.
  /// - Throws: Where a model of several files is to be one stream.
  package func write(
    to path: String, compresses: Bool, followsLinks: Bool = false,
    onTensor: @Sendable () -> Void = {}
  ) throws -> Report {
    var error = BakingError()
    if checkpoint.isSingleFile {
      let output = try OutputFile(path: path, compresses: compresses, threads: threads)
      error = try BakedFile(layers: layers, part: 0, threads: threads)
        .write(to: output, onTensor: onTensor)
    } else if path == "-" || compresses || path.hasSuffix(".zst") {
      let detail =
        "is several files, which are found by their names and cannot be one stream or compressed; name a folder with -o"
      throw AdapterError(file: checkpoint.path, reason: .missingFile(folder: detail))
    } else {
      error = try writeFolder(path, followsLinks: followsLinks, onTensor)
    }
    let relative = error.errorSquared == 0 ? 0 : (error.errorSquared / error.askedSquared)
    return Report(
      tensors: layers.tensorCount,
      modules: layers.moduleCount, missing: layers.missing,
      relativeError: relative.squareRoot())
  }

  /// Nothing appears before all is there; what cannot be copied is found before the long run.
  private func writeFolder(
    _ path: String, followsLinks: Bool, _ onTensor: @Sendable () -> Void
  ) throws -> BakingError {
    let isIndex = checkpoint.isIndex
    let target = path.hasSuffix(Checkpoint.indexEnding) ? folder(of: path) : path
    let source = isIndex ? folder(of: checkpoint.path) : checkpoint.path
    let parts = checkpoint.parts.map { relative($0.file.path, to: source) }
    if !isIndex && isBelow(target, source) {
      let detail =
        "lies inside of \(source), which would be copied into itself; choose another folder"
      throw AdapterError(file: path, reason: .missingFile(folder: detail))
    }
    let output = try OutputFolder(path: target)
    if !isSameFile(source, target) {
      if isIndex {
        try output.copy(checkpoint.path, as: name(of: checkpoint.path))
      } else {
        try ModelFolder(path: source, parts: Set(parts), followsLinks: followsLinks)
          .copyRest(to: output)
      }
    }
    var error = BakingError()
    for (index, part) in parts.enumerated() {
      let file = BakedFile(layers: layers, part: index, threads: threads)
      error = error + (try file.write(to: output.file(part), onTensor: onTensor))
    }
    try output.publish()
    return error
  }
}

extension Checkpoint {
  static let indexEnding = ".safetensors.index.json"

  var isIndex: Bool { path.hasSuffix(Self.indexEnding) }

  var isSingleFile: Bool { !isIndex && FileKind(path: path) != .folder }
}

/// A path below a folder, without the folder.
private func relative(_ path: String, to folder: String) -> String {
  path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.utf8.count + 1)) : path
}
