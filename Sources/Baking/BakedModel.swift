package import Adapters
import Files
import Names
import Safetensors

/// A checkpoint, a sharded one or a folder of components, written with adapters baked in.
package struct BakedModel: Sendable {
  /// What was done.
  package struct Report: Sendable {
    package let tensors: Int
    package let modules: Int
    package let missing: [String]

    /// Of what is added: what the checkpoint's element types can hold of it.
    package let verification: Verification
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
  /// - Parameters:
  ///   - followsLinks: Whether what links lead to outside of a folder is copied.
  ///   - accept: Judges the model before a file of it is put in its place; what it throws leaves
  ///     the old ones.
  /// - Throws: Where a model of several files is to be one stream.
  package func write(
    to path: String, compresses: Bool, followsLinks: Bool = false,
    accept: (Verification) throws -> Void = { _ in },
    onTensor: @Sendable () -> Void = {}
  ) throws -> Report {
    try checkRoom(at: path, compresses: compresses)
    let drafts: [BakedFile.Draft]
    var folder: OutputFolder?
    if checkpoint.isSingleFile {
      let output = try OutputFile(path: path, compresses: compresses, threads: threads)
      drafts = [
        try BakedFile(layers: layers, part: 0, threads: threads)
          .write(to: output, onTensor: onTensor)
      ]
    } else if path == "-" || compresses || path.hasSuffix(".zst") {
      let detail =
        "is several files, which are found by their names and cannot be one stream or compressed; name a folder with -o"
      throw AdapterError(file: checkpoint.path, reason: .refused(detail))
    } else {
      (drafts, folder) = try writeFolder(path, followsLinks: followsLinks, onTensor)
    }
    let verification = drafts.map(\.verification).reduce(Verification(), +)
    try accept(verification)
    for draft in drafts { try draft.finish() }
    try folder?.publish()
    return Report(
      tensors: layers.tensorCount,
      modules: layers.moduleCount, missing: layers.missing, verification: verification)
  }

  /// Throws where the disk is too small; makes the folder that a file goes to.
  private func checkRoom(at path: String, compresses: Bool) throws(FileError) {
    let isCompressed = compresses || path.hasSuffix(".zst")
    let byteCount = checkpoint.parts.reduce(0) {
      $0 + Layout(keeping: $1.file.header).dataByteCount
    }
    var outputs = PlannedOutputs()
    if checkpoint.isSingleFile {
      outputs.addFile(path, byteCount: isCompressed ? 0 : byteCount)
      try outputs.prepare()
    } else {
      let isIndex = path.hasSuffix(ModelFiles.indexEnding)
      outputs.addFolder(isIndex ? Path(path).folder : path, byteCount: byteCount)
      try outputs.check()
    }
  }

  /// Nothing appears before all is there; what cannot be copied is found before the long run.
  private func writeFolder(
    _ path: String, followsLinks: Bool, _ onTensor: @Sendable () -> Void
  ) throws -> ([BakedFile.Draft], OutputFolder) {
    let isIndex = checkpoint.isIndex
    let target = path.hasSuffix(ModelFiles.indexEnding) ? Path(path).folder : path
    let source = isIndex ? Path(checkpoint.path).folder : checkpoint.path
    let parts = checkpoint.parts.map { relative($0.file.path, to: source) }
    if !isIndex && isBelow(target, source) {
      let detail =
        "lies inside of \(source), which would be copied into itself; choose another folder"
      throw AdapterError(file: path, reason: .refused(detail))
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
    let drafts = try parts.enumerated().map { index, part in
      try BakedFile(layers: layers, part: index, threads: threads)
        .write(to: output.file(part), onTensor: onTensor)
    }
    return (drafts, output)
  }
}

extension Checkpoint {
  var isIndex: Bool { path.hasSuffix(ModelFiles.indexEnding) }

  var isSingleFile: Bool { !isIndex && FileKind(path: path) != .folder }
}

/// A path below a folder, without the folder.
private func relative(_ path: String, to folder: String) -> String {
  path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.utf8.count + 1)) : path
}
