package import Adapters
import Files
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
  /// - Parameter accept: Judges the model before a file of it is put in its place; what it throws
  ///   leaves the old ones.
  /// - Throws: Where a model of several files is to be one stream.
  package func write(
    to path: String, compresses: Bool, accept: (Verification) throws -> Void = { _ in },
    onTensor: @Sendable () -> Void = {}
  ) throws -> Report {
    let drafts: [BakedFile.Draft]
    if checkpoint.isSingleFile {
      let output = try OutputFile(path: path, compresses: compresses, threads: threads)
      drafts = [
        try BakedFile(layers: layers, part: 0, threads: threads)
          .write(to: output, onTensor: onTensor)
      ]
    } else if path == "-" || compresses || path.hasSuffix(".zst") {
      let detail =
        "is several files, which are found by their names and cannot be one stream or compressed; name a folder with -o"
      throw AdapterError(file: checkpoint.path, reason: .missingFile(folder: detail))
    } else {
      drafts = try writeFolder(path, onTensor)
    }
    let verification = drafts.map(\.verification).reduce(Verification(), +)
    try accept(verification)
    for draft in drafts { try draft.finish() }
    return Report(
      tensors: layers.tensorCount,
      modules: layers.moduleCount, missing: layers.missing, verification: verification)
  }

  /// Weights last: what lies beside them is there before a long run begins.
  private func writeFolder(
    _ path: String, _ onTensor: @Sendable () -> Void
  ) throws -> [BakedFile.Draft] {
    let isIndex = checkpoint.isIndex
    let target = path.hasSuffix(Checkpoint.indexEnding) ? folder(of: path) : path
    let source = isIndex ? folder(of: checkpoint.path) : checkpoint.path
    let parts = checkpoint.parts.map { relative($0.file.path, to: source) }
    try makeFolder(target)
    if !isSameFile(source, target) {
      if isIndex {
        try copyFile(checkpoint.path, to: "\(target)/\(name(of: checkpoint.path))")
      } else {
        try copy("", from: source, to: target, apartFrom: Set(parts))
      }
    }
    return try parts.enumerated().map { index, part in
      let output = try OutputFile(path: "\(target)/\(part)")
      return try BakedFile(layers: layers, part: index, threads: threads)
        .write(to: output, onTensor: onTensor)
    }
  }

  /// Copies what lies beside the weights, and leaves out what holds the same weights unbaked:
  /// `x.fp16.safetensors` and `x.bin` beside the `x.safetensors` that is baked.
  ///
  /// - Parameter path: The folder below the source, empty or with a slash at its end.
  private func copy(
    _ path: String, from source: String, to target: String, apartFrom parts: Set<String>
  ) throws {
    let endings = [
      ".safetensors", ".bin", ".ckpt", ".pt", ".msgpack", ".h5", ".onnx", ".index.json",
    ]
    let names = try names(inFolder: "\(source)/\(path)")
    let isSharded = names.contains { $0.hasSuffix(Checkpoint.indexEnding) }
    let holdsPart = names.contains { parts.contains(path + $0) }
    for name in names where !name.hasPrefix(".") {
      switch FileKind(path: "\(source)/\(path)\(name)") {
      case .folder:
        try makeFolder("\(target)/\(path)\(name)")
        try copy("\(path)\(name)/", from: source, to: target, apartFrom: parts)
      case .file:
        let isWeights = endings.contains(where: name.hasSuffix)
        let isIndex = isSharded && name.hasSuffix(Checkpoint.indexEnding)
        if holdsPart && isWeights && !isIndex { continue }
        try copyFile("\(source)/\(path)\(name)", to: "\(target)/\(path)\(name)")
      case .missing, .stream: continue
      }
    }
  }
}

extension Checkpoint {
  static let indexEnding = ".safetensors.index.json"

  var isIndex: Bool { path.hasSuffix(Self.indexEnding) }

  var isSingleFile: Bool { !isIndex && FileKind(path: path) != .folder }
}

private func folder(of path: String) -> String {
  path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}

/// A path below a folder, without the folder.
private func relative(_ path: String, to folder: String) -> String {
  path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.utf8.count + 1)) : path
}
