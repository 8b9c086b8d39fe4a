/// The word that a mistyped one probably means; nil if it is far from all.
package func nearest(to unknown: String, among words: [String]) -> String? {
  let ranked = words.map { (distance(from: unknown, to: $0), $0) }.min { $0 < $1 }
  guard let (distance, word) = ranked, distance <= max(2, unknown.count / 4) else { return nil }
  return word
}

/// The minimal number of letters to insert, delete, replace or swap with a neighbour.
///
/// - Complexity: O(product of the lengths).
func distance(from first: String, to second: String) -> Int {
  let first = Array(first)
  let second = Array(second)
  var rows = [Array(0...second.count)]
  for i in first.indices {
    var row = [i + 1]
    for j in second.indices {
      let replaced = rows[i][j] + (first[i] == second[j] ? 0 : 1)
      var smallest = min(rows[i][j + 1] + 1, row[j] + 1, replaced)
      if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
        smallest = min(smallest, rows[i - 1][j - 1] + 1)
      }
      row.append(smallest)
    }
    rows.append(row)
  }
  return rows[first.count][second.count]
}

/// A warning about the name of a safetensors file to be written; `nil` where the name does not promise
/// another format.
package func misleadingName(of path: String) -> String? {
  let endings = [".ckpt", ".pt", ".pth", ".bin", ".pkl", ".gguf", ".onnx", ".npz", ".zip", ".png"]
  guard let ending = endings.first(where: path.lowercased().hasSuffix) else { return nil }
  return
    "\(path): is written as safetensors, not as \(ending) promises; other programs know it by a"
    + " name in .safetensors"
}

/// A complaint about the name of a picture to be written; `nil` where the name may stay.
package func misleadingPictureName(of path: String) -> String? {
  let endings = [
    ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".jxl", ".svg",
    ".html", ".safetensors", ".st",
  ]
  guard endings.contains(where: path.lowercased().hasSuffix) else { return nil }
  return "Pictures are written as PNG; give \(path) a name in .png."
}
