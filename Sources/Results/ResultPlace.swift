import Adapters
import ArgumentParser
import Files

/// Where the results of one or of several inputs go: a file, a folder, or a pattern.
struct ResultPlace {
  private enum Kind {
    case path(String)

    /// Results keep the names of their inputs.
    case folder(String)
    case pattern(String)
  }

  private let kind: Kind
  private let asked: Naming?
  private let areSeveral: Bool

  /// - Parameter areSeveral: Whether more than one result is to be told apart by its name.
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

  /// - Parameter variant: What tells results of one input apart; empty where there is one.
  func output(of path: String, _ adapter: Adapter, variant: String) -> String {
    switch kind {
    case .path(let output): return output
    case .pattern(let pattern):
      return pattern.replacing("{name}", with: stem(of: withoutSlash(path)))
        .replacing("{recipe}", with: variant)
    // A result that is a folder itself, as PEFT's.
    case .folder(let folder) where !areSeveral && (asked ?? adapter.naming).folder != nil:
      return folder
    case .folder(let folder):
      let ending = variant.isEmpty ? "" : "_" + variant
      let name = name(of: path, adapter)
      return folder + name.stem + ending + name.ending
    }
  }

  /// The input's own name, with the ending that its result needs: PEFT's and MLX's are folders.
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
