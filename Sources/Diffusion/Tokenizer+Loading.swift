import Files

extension Tokenizer {
  /// The tokenizer for a model, from the first place that has one.
  ///
  /// - Parameters:
  ///   - path: What `--tokenizer` names; where it is wrong, that is an error.
  ///   - environment: What `LORA_TOKENIZER` names; as `path`.
  ///   - model: A diffusers folder or a checkpoint; its `tokenizer/`, or vocabulary files beside
  ///     it, are used where they exist.
  package init(
    path: String?, environment: String?, besideModel model: String
  ) throws(TokenizerError) {
    if let named = path ?? environment.flatMap({ $0.isEmpty ? nil : $0 }) {
      self.init(vocabulary: try Vocabulary(path: named))
      return
    }
    let folder = FileKind(path: model) == .folder ? model : Path(model).folder
    let found = VocabularyFiles(inFolder: folder)
    self.init(vocabulary: try found.map { files throws(TokenizerError) in try Vocabulary(files) })
  }
}

extension Tokenizer.Vocabulary {
  /// Reads a vocabulary.
  ///
  /// - Parameter path: A folder with `vocab.json`, `merges.txt` or both, a model's folder that
  ///   holds such a folder, or one of the two files.
  package init(path: String) throws(TokenizerError) {
    switch FileKind(path: path) {
    case .folder:
      guard let files = VocabularyFiles(inFolder: path) else {
        throw .notAVocabulary(file: path, "the folder holds neither vocab.json nor merges.txt")
      }
      try self.init(files)
    default:
      let bytes = try VocabularyFiles.read(path)
      let isJSON = bytes.first { $0 > 0x20 } == UInt8(ascii: "{")
      try self.init(VocabularyFiles(names: isJSON ? path : nil, merges: isJSON ? nil : path))
    }
  }

  init(_ files: VocabularyFiles) throws(TokenizerError) {
    let names = try files.names.map { path throws(TokenizerError) in
      try Spellings(json: VocabularyFiles.read(path), file: path)
    }
    if let path = files.merges {
      let bytes = try VocabularyFiles.read(path)
      let lines = MergeLine.all(in: bytes)
      guard !lines.isEmpty else {
        throw .notAVocabulary(file: path, "holds no merges, lines of two words")
      }
      try self.init(lines, of: bytes, spellings: names ?? Spellings(lines, of: bytes), file: path)
    } else if let names {
      self.init(recoveringMergesFrom: names)
    } else {
      preconditionFailure("neither of the vocabulary's two files is named")
    }
  }
}

/// Where a vocabulary's files are; at least one of the two.
struct VocabularyFiles {
  let names: String?
  let merges: String?

  init(names: String?, merges: String?) {
    self.names = names
    self.merges = merges
  }

  /// The files in a folder, or in a model's folder; nil where there are none.
  init?(inFolder folder: String) {
    for folder in [folder, folder + "/tokenizer", folder + "/tokenizer_2"] {
      let names = folder + "/vocab.json"
      let merges = folder + "/merges.txt"
      let hasNames = FileKind(path: names).isRegular
      let hasMerges = FileKind(path: merges).isRegular
      if hasNames || hasMerges {
        self.init(names: hasNames ? names : nil, merges: hasMerges ? merges : nil)
        return
      }
    }
    return nil
  }

  static func read(_ path: String) throws(TokenizerError) -> [UInt8] {
    do throws(FileError) {
      return try readFile(path)
    } catch {
      throw .unreadable(error)
    }
  }
}
