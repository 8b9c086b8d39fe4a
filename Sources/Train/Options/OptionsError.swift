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
