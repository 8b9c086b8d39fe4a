/// The word that a mistyped one probably is; nil if it is far from all.
package func nearest(to unknown: String, among words: [String]) -> String? {
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
