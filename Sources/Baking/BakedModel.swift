package import Adapters
import Files
import Names
package import QuantizedWeights
import Safetensors

/// A checkpoint (a file, shards, or a folder of components) written with adapters baked in.
package struct BakedModel: Sendable {
  /// The outcome of baking.
  package struct Report: Sendable {
    package let tensors: Int
    package let modules: Int
    package let missing: [String]

    /// The verification of the changed weights that are numbers.
    package let verification: Verification

    /// The survival of the update in the changed weights that are codes and scales.
    package let survival: Survival
  }

  private let layers: BakedLayers
  private let threads: Int
  private let files: [BakedFile]

  /// - Parameter seed: The seed of stochastic rounding, which applies to codes and to floats of up
  ///   to 16 bits; `nil` rounds to the nearest.
  package init(_ layers: BakedLayers, threads: Int, seed: UInt64? = nil) {
    self.layers = layers
    self.threads = threads
    files = layers.layers.checkpoint.parts.indices.map {
      BakedFile(layers: layers, part: $0, threads: threads, seed: seed)
    }
  }

  private var checkpoint: Checkpoint { layers.layers.checkpoint }

  /// Writes the model: one file if it is one file, otherwise a folder.
  ///
  /// - Parameters:
  ///   - followsLinks: Whether files outside the folder that links lead to are copied.
  ///   - accept: Judges the model before any of its files is moved to its place; if it throws, the
  ///     old files stay.
  /// - Throws: If a model of several files is to be written to a stream.
  package func write(
    to path: String, compresses: Bool, followsLinks: Bool = false,
    accept: (Report) throws -> Void = { _ in },
    onTensor: @Sendable () -> Void = {}
  ) throws -> Report {
    try checkRoom(at: path, compresses: compresses)
    let drafts: [BakedFile.Draft]
    var folder: OutputFolder?
    if checkpoint.isSingleFile {
      let output = try OutputFile(path: path, compresses: compresses, threads: threads)
      drafts = [
        try files[0].write(to: output, onTensor: onTensor)
      ]
    } else if path == "-" || compresses || path.hasSuffix(".zst") {
      let detail =
        "is several files, which are found by their names and cannot be one stream or compressed; name a folder with -o"
      throw AdapterError(file: checkpoint.path, reason: .refused(detail))
    } else {
      (drafts, folder) = try writeFolder(path, followsLinks: followsLinks, onTensor)
    }
    let outcome = drafts.map(\.outcome).reduce(BakedFile.Outcome(), +)
    let report = Report(
      tensors: layers.tensorCount, modules: layers.moduleCount, missing: layers.missing,
      verification: outcome.verification, survival: outcome.survival)
    try accept(report)
    for draft in drafts { try draft.finish() }
    try folder?.publish()
    return report
  }

  /// Throws if the disk is too small; creates the folder of the output file.
  private func checkRoom(at path: String, compresses: Bool) throws(FileError) {
    let isCompressed = compresses || path.hasSuffix(".zst")
    let byteCount = files.reduce(0) { $0 + $1.layout.dataByteCount }
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

  /// Writes a folder that appears only when it is complete; checks first that all files can be
  /// copied.
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
    let indices = try changedIndices(in: source, parts)
    if !isSameFile(source, target) {
      if isIndex {
        if indices.isEmpty { try output.copy(checkpoint.path, as: name(of: checkpoint.path)) }
      } else {
        try ModelFolder(path: source, parts: Set(parts + indices), followsLinks: followsLinks)
          .copyRest(to: output)
      }
    }
    for index in indices { try write(index, in: source, parts, to: output) }
    let drafts = try zip(files, parts).map { file, part in
      try file.write(to: output.file(part), onTensor: onTensor)
    }
    return (drafts, output)
  }
}

// MARK: - Lists of shards

extension BakedModel {
  /// The indices, relative to the model's folder, of files that get other tensors.
  private func changedIndices(in source: String, _ parts: [String]) throws -> [String] {
    let changed = zip(files, parts).filter { file, _ in file.changesTensors }.map(\.1)
    return try Set(changed.map { $0.contains("/") ? Path($0).folder : "" }).sorted().flatMap {
      let below = $0.isEmpty ? "" : $0 + "/"
      return try names(inFolder: "\(source)/\(below)")
        .filter { $0.hasSuffix(ModelFiles.indexEnding) }.map { below + $0 }
    }
  }

  private func write(
    _ index: String, in source: String, _ parts: [String], to output: OutputFolder
  ) throws {
    let below = index.contains("/") ? Path(index).folder + "/" : ""
    let layouts = zip(parts, files).filter { $0.0.hasPrefix(below) }
      .map { (String($0.0.dropFirst(below.utf8.count)), $0.1.layout) }
    let bytes = try ModelIndex.rewritten(
      "\(source)/\(index)", files: Dictionary(uniqueKeysWithValues: layouts))
    let file = try output.file(index)
    try unsafe file.write(bytes.span.bytes, at: 0)
    try file.commit()
  }
}

extension Checkpoint {
  var isIndex: Bool { path.hasSuffix(ModelFiles.indexEnding) }

  var isSingleFile: Bool { !isIndex && FileKind(path: path) != .folder }
}

/// A path relative to a folder.
private func relative(_ path: String, to folder: String) -> String {
  path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.utf8.count + 1)) : path
}
