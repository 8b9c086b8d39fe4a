package import Files

/// Why a text has no ids.
package enum TokenizerError: Error, Hashable {
  case noVocabulary(text: String)
  case unreadable(FileError)
  case notAVocabulary(file: String, String)
}

extension TokenizerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noVocabulary(let text):
      "no tokenizer for the text \"\(text.prefix(40))\(text.count > 40 ? "…" : "")\"; "
        + "give --tokenizer FOLDER (or set LORA_TOKENIZER) with the vocab.json or merges.txt of "
        + "any Stable Diffusion's tokenizer folder (ComfyUI has one: comfy/sd1_tokenizer); only the "
        + "empty text works without"
    case .unreadable(let error): error.description
    case .notAVocabulary(let file, let what):
      "\(file): \(what); give the vocab.json or merges.txt of a Stable Diffusion's tokenizer folder"
    }
  }
}
