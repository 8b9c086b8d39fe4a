// FuzzReaders — every reader of strangers' bytes, as a function of bytes in memory.
//
//     Fuzzer (libFuzzer, make fuzz) ──┐
//     Mutations (scripts/check-mutations) ─┴─▶ Reader.complaint(about:)
//
// What is thrown is fine, what traps is not. What is accepted is used as the commands use it, and
// held against what it promises. `Fuzz/corpus` holds where to begin: small files, our own.

/// A reader of strangers' bytes.
package struct Reader: Sendable {
  /// Its folder in `Fuzz/corpus`, and its dictionary.
  package let name: String

  /// Reads bytes; throws what a user would see.
  let body: @Sendable ([UInt8]) throws -> Void

  /// Reads bytes.
  ///
  /// - Returns: What is wrong with them; `nil` where they were accepted.
  @discardableResult
  package func complaint(about bytes: [UInt8]) -> String? {
    do {
      try body(bytes)
      return nil
    } catch {
      return "\(error)"
    }
  }

  package static func named(_ name: String) -> Reader? { all.first { $0.name == name } }

  package static let all = [
    Reader(name: "header", body: readHeader),
    Reader(name: "names", body: readNames),
    Reader(name: "configurations", body: readAdapterConfiguration),
    Reader(name: "models", body: readModel),
    Reader(name: "checkpoints", body: readCheckpoint),
    Reader(name: "vocabularies", body: readVocabulary),
    Reader(name: "toml", body: readTOML),
    Reader(name: "prompts", body: readPrompts),
    Reader(name: "captions", body: readCaption),
    Reader(name: "pictures", body: readPicture),
    Reader(name: "streams", body: readStream),
    Reader(name: "indices", body: readIndex),
    Reader(name: "states", body: readState),
    Reader(name: "replays", body: readReplay),
    Reader(name: "gguf", body: readGGUF),
    Reader(name: "quantized", body: readQuantized),
  ]
}
