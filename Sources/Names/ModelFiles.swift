import Files
import FoundationEssentials
import Safetensors

/// Finds the files of a folder that hold the weights of a model or of a part of it.
package enum ModelFiles {
  /// The suffix of a file that lists the shards of weights.
  package static let indexEnding = ".safetensors.index.json"

  /// The names that diffusers and transformers give a file of all weights, in order of preference.
  private static let wholeNames = [".safetensors", ".fp16.safetensors"].flatMap { ending in
    ["diffusion_pytorch_model", "model"].map { $0 + ending }
  }

  /// The paths of the files: the shards of an index, otherwise the file that diffusers or
  /// transformers would load, otherwise all.
  ///
  /// Of `x` and `x.fp16`, which hold the same weights, the first counts.
  ///
  /// - Returns: An empty list if the folder itself holds no weights.
  package static func paths(inFolder folder: String) throws -> [String] {
    let names = try names(inFolder: folder)
    if let index = names.first(where: { $0.hasSuffix(indexEnding) }) {
      return try shards(ofIndex: "\(folder)/\(index)")
    }
    if let whole = wholeNames.first(where: names.contains) { return ["\(folder)/\(whole)"] }
    let files = names.filter { $0.hasSuffix(".safetensors") }
    return files.filter { file in
      let plain = file.replacing(".fp16", with: "")
      return plain == file || !files.contains(plain)
    }.map { "\(folder)/\($0)" }
  }

  /// The paths of the files in an index, each once.
  package static func shards(ofIndex path: String) throws -> [String] {
    let bytes = try readFile(path, atMost: 64 << 20)
    guard let index = try? JSONDecoder().decode(Index.self, from: Data(bytes)) else {
      throw ModelFilesError(
        file: path, reason: "has no weight_map; is it an index of safetensors files?")
    }
    return try Set(index.files.values).sorted().map { name in
      guard !name.contains("/") else {
        throw ModelFilesError(
          file: path, reason: "names the file '\(printable(name))' outside of its folder")
      }
      return Path(path).prefix + name
    }
  }

  private struct Index: Decodable {
    /// The file of each tensor.
    let files: [String: String]

    private enum CodingKeys: String, CodingKey {
      case files = "weight_map"
    }
  }
}

/// The reason why the files of a model cannot be determined.
package struct ModelFilesError: Error, Hashable, CustomStringConvertible {
  package let file: String
  package let reason: String

  package var description: String { "\(file): \(reason)" }
}
