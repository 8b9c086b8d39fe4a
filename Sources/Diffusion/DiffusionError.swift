package import Files
package import Tensors

/// Why a model cannot be used.
package struct DiffusionError: Error, Hashable {
  package enum Reason: Hashable {
    case missingTensor(String, part: String)
    case wrongShape(String, found: Shape, expected: String)
    case notFinite(String)
    case inpainting(channels: Int)
    case notADiffusionModel
    case onlyAdapter
    case pickle

    /// A name such as `runwayml/stable-diffusion-v1-5`.
    case nameOfHub
    case missingPart(String)
    case badConfiguration(String)
    case unsupported(String)
  }

  package let file: String
  package let reason: Reason
}

extension DiffusionError: CustomStringConvertible {
  package var description: String { "\(file): \(reason)" }
}

extension DiffusionError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingTensor(let name, let part):
      "no tensor '\(name)' of the \(part); is the download complete?"
    case .wrongShape(let name, let found, let expected):
      "'\(name)' is \(found), not \(expected); this is not a model of the kind its names say"
    case .notFinite(let name):
      "'\(name)' holds NaN or infinity; was it saved in float16 with an overflow?"
    case .inpainting(let channels):
      "the U-Net takes \(channels) channels, as models for inpainting or editing do; use one with 4"
    case .notADiffusionModel:
      "neither a diffusers folder nor a checkpoint of Stable Diffusion 1.x, 2.x or XL"
    case .onlyAdapter:
      "this is an adapter, not a model; give the model that it was trained on"
    case .pickle:
      "a pickle can run any program when it is read; convert the model to safetensors first (A1111 "
        + "does: Checkpoint Merger, No interpolation, safetensors)"
    case .nameOfHub:
      "no such file or folder; models are not downloaded by their names: download it, and give its "
        + "file or folder"
    case .missingPart(let part):
      "it has no \(part); use a checkpoint with all parts, or a diffusers folder"
    case .badConfiguration(let detail): "cannot read the configuration: \(detail)"
    case .unsupported(let detail): detail
    }
  }
}

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
