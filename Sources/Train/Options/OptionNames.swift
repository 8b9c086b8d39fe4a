import ArgumentParser

/// The keys that a group of options knows, and how each is written on a command line.
struct OptionNames {
  private let kinds: [String: OptionKind]
  private let groups: [String: any ParsableArguments.Type]

  /// Other spellings that sd-scripts or we allow.
  private static let synonyms = [
    "model": "pretrained_model_name_or_path", "data": "train_data_dir", "config": "config_file",
    "caption_extention": "caption_extension", "dtype": "save_precision",
    "sample_every": "sample_every_n_steps",
  ]

  init(_ type: any ParsableArguments.Type) {
    kinds = Dictionary(Setting.kinds(of: type).map { ($0.key, $0.kind) }) { first, _ in first }
    groups = Setting.groups(of: type)
  }

  /// The smallest group of options that holds a key.
  func group(_ key: String) -> (any ParsableArguments.Type)? { groups[key] }

  /// The key for a spelling, or nil if there is none.
  func key(_ spelling: String) -> String? {
    let key = Self.synonyms[spelling] ?? spelling
    return kinds[key] == nil ? nil : key
  }

  func kind(_ spelling: String) -> OptionKind? { key(spelling).flatMap { kinds[$0] } }

  /// The known key that an unknown one is nearest to, if it is near at all.
  func nearest(to unknown: String) -> String? {
    Train.nearest(to: unknown, among: Array(kinds.keys) + ForeignOption.all.map(\.key))
  }
}

/// The word that a mistyped one probably is; nil if it is far from all.
func nearest(to unknown: String, among words: [String]) -> String? {
  let ranked = words.map { (distance(from: unknown, to: $0), $0) }.min { $0 < $1 }
  guard let (distance, word) = ranked, distance <= max(2, unknown.count / 4) else { return nil }
  return word
}

/// The least number of letters to insert, delete, replace or swap with a neighbour.
///
/// - Complexity: O(product of the lengths).
func distance(from first: String, to second: String) -> Int {
  let first = Array(first)
  let second = Array(second)
  var rows = [Array(0...second.count)]
  for i in first.indices {
    var row = [i + 1]
    for j in second.indices {
      var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (first[i] == second[j] ? 0 : 1))
      if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
        least = min(least, rows[i - 1][j - 1] + 1)
      }
      row.append(least)
    }
    rows.append(row)
  }
  return rows[first.count][second.count]
}
