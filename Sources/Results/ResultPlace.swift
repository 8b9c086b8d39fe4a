import Adapters
import ArgumentParser
import Files

/// The output of one or several inputs: a file, a folder, or a pattern.
struct ResultPlace {
  private enum Kind {
    case path(String)

    /// A folder in which results have the names of their inputs.
    case folder(String)
    case pattern(String)
  }

  private let kind: Kind
  private let asked: Naming?
  private let areSeveral: Bool

  /// - Parameter areSeveral: Whether names must distinguish more than one result.
  init(_ options: OutputOptions, areSeveral: Bool) throws {
    asked = options.to
    self.areSeveral = areSeveral
    let output = options.output ?? "-"
    let isPattern = ["{name}", "{recipe}"].contains(where: output.contains)
    if isPattern {
      kind = .pattern(output)
    } else if areSeveral {
      guard output != "-" else {
        throw ValidationError("Several results need a folder: -o FOLDER/.")
      }
      kind = .folder(output.hasSuffix("/") ? output : output + "/")
    } else {
      kind = output.hasSuffix("/") ? .folder(output) : .path(output)
    }
  }

  /// - Parameter variant: The word that distinguishes results of one input; empty if there is one.
  func output(of path: String, _ adapter: Adapter, variant: String) -> String {
    switch kind {
    case .path(let output): return output
    case .pattern(let pattern):
      return pattern.replacing("{name}", with: stem(of: withoutSlash(path)))
        .replacing("{recipe}", with: variant)
    // The result itself is a folder, as PEFT's is.
    case .folder(let folder) where !areSeveral && (asked ?? adapter.naming).folder != nil:
      return folder
    case .folder(let folder):
      let ending = variant.isEmpty ? "" : "_" + variant
      let name = name(of: path, adapter)
      return folder + name.stem + ending + name.ending
    }
  }

  /// The input's name, with the extension of its result; PEFT's and MLX's results are folders.
  private func name(of path: String, _ adapter: Adapter) -> (stem: String, ending: String) {
    let isFolder = FileKind(path: path) == .folder
    let name = Path(withoutSlash(path)).name
    let ending =
      ResultLocation.endings.first(where: name.hasSuffix).map { ending in
        name.dropLast(ending.count).hasSuffix(".safetensors") ? ".safetensors" + ending : ending
      } ?? ""
    let stem = String(name.dropLast(isFolder ? 0 : ending.count))
    if (asked ?? (isFolder ? adapter.naming : nil))?.folder != nil { return (stem, "") }
    return (stem, isFolder ? ".safetensors" : ending)
  }

  private func withoutSlash(_ path: String) -> String {
    var path = path
    while path.utf8.count > 1 && path.hasSuffix("/") { path.removeLast() }
    return path
  }
}
