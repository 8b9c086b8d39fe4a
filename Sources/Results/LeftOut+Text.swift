package import Adapters
import CommandSupport
import Safetensors

extension LeftOut {
  /// One line that counts and names what is left out; `nil` where nothing is.
  package var text: String? { text(after: "left out") }

  /// - Parameter words: What happened to all of it.
  package func text(after words: String) -> String? {
    let parts = Kind.allCases.compactMap { kind -> String? in
      let names = self[kind]
      if names.isEmpty { return nil }
      let (one, several) = kind.nouns
      return "\(counted(names.count, one, several)) (\(shown(names)))"
    }
    return parts.isEmpty ? nil : "\(words): " + parts.joined(separator: ", ")
  }
}

/// The first of some names, and how many more there are.
func shown(_ names: [String]) -> String {
  let more = names.count > 4 ? " and \(names.count - 4) more" : ""
  return names.prefix(4).map(printable).joined(separator: ", ") + more
}

extension LeftOut.Kind {
  fileprivate var nouns: (one: String, several: String) {
    switch self {
    case .modules: ("module", "modules")
    case .biases: ("bias", "biases")
    case .norms: ("norm", "norms")
    case .embeddings: ("embedding", "embeddings")
    case .tokenRows: ("table of trained token rows", "tables of trained token rows")
    case .parts: ("part without its counterpart", "parts without their counterpart")
    case .filtered: ("module that the options leave out", "modules that the options leave out")
    case .otherShapes: ("layer of another shape", "layers of another shape")
    case .tensors: ("other tensor", "other tensors")
    }
  }
}
