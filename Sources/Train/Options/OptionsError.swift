import ArgumentParser
import CommandSupport

/// Why options cannot be followed.
struct OptionsError: Error, Hashable {
  enum Reason: Error, Hashable {
    case unknownKey(String, nearest: String?)
    case refused(String, reason: String)
    case wrongType(String, wanted: String, found: String)
    case unusable(String)
  }

  /// The file and line, or nil for the command line.
  let place: String?
  let reason: Reason
}

extension OptionsError: CustomStringConvertible {
  var description: String {
    place.map { "\($0): \(inFile(reason.description))" } ?? reason.description
  }
}

/// A sentence with options spelled as a configuration file spells them: `--lr-warmup-steps` as
/// `lr_warmup_steps`.
private func inFile(_ sentence: String) -> String {
  sentence.split(separator: " ", omittingEmptySubsequences: false).map { word in
    let namesFile = ["--config", "--dataset-config"].contains(word)
    guard word.hasPrefix("--"), word.count > 3, !namesFile else { return String(word) }
    return String(word.dropFirst(2).map { $0 == "-" ? "_" : $0 })
  }.joined(separator: " ")
}

extension OptionsError.Reason: CustomStringConvertible {
  var description: String {
    switch self {
    case .unknownKey(let key, let nearest):
      "'\(key)' is no option" + (nearest.map { "; did you mean '\($0)'?" } ?? "")
    case .refused(let key, let reason): "'\(key)' is not supported: \(reason)"
    case .wrongType(let key, let wanted, let found): "\(key) takes \(wanted), not \(found)"
    case .unusable(let sentence): sentence
    }
  }
}

/// The keys that a group of options knows, and how each is written on a command line.
struct OptionNames {
  private let declarations: [String: Setting.Declaration]

  /// Other spellings that sd-scripts or we allow.
  private static let synonyms = [
    "model": "pretrained_model_name_or_path", "data": "train_data_dir", "config": "config_file",
    "caption_extention": "caption_extension", "dtype": "save_precision",
    "sample_every": "sample_every_n_steps",
  ]

  init(_ type: any ParsableArguments.Type) {
    declarations = Dictionary(Setting.declarations(in: type).map { ($0.key, $0) }) { first, _ in
      first
    }
  }

  /// The smallest group of options that holds a key.
  func group(_ key: String) -> (any ParsableArguments.Type)? { declarations[key]?.group }

  /// The key for a spelling, or nil if there is none.
  func key(_ spelling: String) -> String? {
    let key = Self.synonyms[spelling] ?? spelling
    return declarations[key] == nil ? nil : key
  }

  func kind(_ spelling: String) -> OptionKind? {
    key(spelling).flatMap { declarations[$0]?.kind }
  }

  /// The known key that an unknown one is nearest to, if it is near at all.
  func nearest(to unknown: String) -> String? {
    CommandSupport.nearest(
      to: unknown, among: Array(declarations.keys) + ForeignOption.all.map(\.key))
  }
}
