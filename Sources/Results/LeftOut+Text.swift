package import Adapters
import CommandSupport
import Safetensors

extension LeftOut {
  /// One line that counts and names what is left out; `nil` if nothing is.
  package var text: String? { text(after: "left out") }

  /// The count of each kind, such as `2 norms`, with the names.
  package var counts: [(text: String, names: [String])] {
    Kind.allCases.filter { !self[$0].isEmpty }.map { ($0.counted(self[$0].count), self[$0]) }
  }

  /// - Parameter words: The verb of the line, such as `left out`.
  package func text(after words: String) -> String? {
    let parts = counts.map { "\($0.text) (\(shown($0.names)))" }
    return parts.isEmpty ? nil : "\(words): " + parts.joined(separator: ", ")
  }
}

/// The first few names, and the number of the others.
func shown(_ names: [String]) -> String {
  let more = names.count > 4 ? " and \(names.count - 4) more" : ""
  return names.prefix(4).map(printable).joined(separator: ", ") + more
}

extension LeftOut.Kind {
  fileprivate func counted(_ count: Int) -> String {
    CommandSupport.counted(count, nouns.one, nouns.several)
  }

  private var nouns: (one: String, several: String) {
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
