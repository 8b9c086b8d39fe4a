import Files

/// CLIP's tokenizer: a text to the ids that the text encoders know.
///
///     text ─▶ normalized ─▶ words ─▶ bytes ─Vocabulary.merges─▶ ids ─▶ chunks of 77
///
/// Source: OpenAI's CLIP (byte pair encoding of Sennrich et al., 2016), normalized as the
/// `tokenizers` library does.
package struct Tokenizer: Sendable {
  /// The id that fills a text up to 77 ids, as the encoder was trained with it.
  package enum Padding: Sendable {
    /// SD 1.x, and SDXL's first encoder.
    case endOfText

    /// Id 0, which is `!`: SD 2.x, and SDXL's second encoder.
    case zero
  }

  /// Ids that a text encoder takes at once, begin and end included.
  package static let length = 77

  private let vocabulary: Vocabulary?

  /// - Parameter vocabulary: Without one, only the empty text has ids.
  package init(vocabulary: Vocabulary?) {
    self.vocabulary = vocabulary
  }

  package var beginOfText: Int32 { vocabulary?.beginOfText ?? 49406 }
  package var endOfText: Int32 { vocabulary?.endOfText ?? 49407 }

  /// The ids of a text, without begin, end and padding; any number.
  ///
  /// - Complexity: O(n²) for a word of n bytes.
  package func ids(of text: String) throws(TokenizerError) -> [Int32] {
    let words = Self.words(in: text)
    if words.isEmpty { return [] }
    guard let vocabulary else { throw .noVocabulary(text: text) }
    var ids: [Int32] = []
    for word in words {
      switch word {
      case .beginOfText: ids.append(vocabulary.beginOfText)
      case .endOfText: ids.append(vocabulary.endOfText)
      case .text(let bytes): ids += vocabulary.ids(ofWord: bytes)
      }
    }
    return ids
  }

  /// The input of a text encoder: one chunk of 77 ids, or two or three of them.
  ///
  /// A chunk is begin, 75 ids, and end or padding, so that 75, 150 or 225 ids are read; what is
  /// beyond them is cut off. Chunks are encoded apart and joined by `joined`.
  ///
  /// - Parameter maximum: sd-scripts' `max_token_length`: 75, 150 or 225.
  package func chunks(
    of text: String, padding: Padding, maximum: Int = 75
  ) throws(TokenizerError) -> [[Int32]] {
    precondition([75, 150, 225].contains(maximum), "\(maximum) tokens")
    let pad = padding == .zero ? 0 : endOfText
    var padded = try ids(of: text).prefix(maximum) + [endOfText]
    padded += Array(repeating: pad, count: maximum + 1 - padded.count)
    let last = padded[maximum]
    return stride(from: 0, to: maximum, by: 75).map { start in
      let chunk = [beginOfText] + padded[start..<start + 75] + [last]
      return padding == .zero && maximum > 75 ? ended(chunk, pad: pad) : chunk
    }
  }

  /// A chunk whose text reaches its end, or that has none, with an end of text.
  ///
  /// Only for encoders whose padding is not the end of text itself.
  private func ended(_ chunk: [Int32], pad: Int32) -> [Int32] {
    var chunk = chunk
    let lastSlot = chunk[Self.length - 2]
    if lastSlot != endOfText && lastSlot != pad { chunk[Self.length - 1] = endOfText }
    if chunk[1] == pad { chunk[1] = endOfText }
    return chunk
  }

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

/// The paths of a vocabulary's files; at least one of the two is not nil.
struct VocabularyFiles {
  let names: String?
  let merges: String?
}

extension VocabularyFiles {
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
