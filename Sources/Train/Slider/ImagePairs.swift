import Datasets
import Files

/// The convention of a folder of pairs: `a.png` and `a_after.png`, with the caption in `a.txt`.
enum ImagePairs {
  /// The pairs of a folder in the order of their names.
  ///
  /// - Parameters:
  ///   - caption: In place of the captions in the folder.
  ///   - note: Takes a sentence on each kind of picture that is in no pair.
  /// - Throws: Where a second picture has no first, or where there is no pair.
  static func pairs(
    in folder: String, suffix: String, caption: String?, note: (String) -> Void
  ) throws -> [SliderOptions.PairFiles] {
    var warnings: [String] = []
    let files = try ImageFolder.pictures(in: folder, warnings: &warnings)
    let stems = Dictionary(grouping: files) { Path($0).stem }
    let pairs = try files.filter { Path($0).stem.hasSuffix(suffix) }.map { after in
      let stem = String(Path(after).stem.dropLast(suffix.count))
      guard let before = stems[stem]?.first else {
        throw TrainingError.unsupported(
          "\(after): there is no \(stem).png beside it; give the picture without the change that name"
        )
      }
      let text = "\(folder)/\(stem).txt"
      let own = FileKind(path: text).isRegular ? try readFile(text, atMost: settingsLimit) : []
      return SliderOptions.PairFiles(
        before: before, after: after,
        caption: caption ?? trimmed(String(decoding: own, as: UTF8.self)))
    }
    guard !pairs.isEmpty else {
      throw TrainingError.unsupported(
        "\(folder): no pair; a pair is NAME.png and NAME\(suffix).png")
    }
    warnings.forEach(note)
    let used = Set(pairs.flatMap { [$0.before, $0.after] })
    let left = files.filter { !used.contains($0) }.map { Path($0).name }
    if !left.isEmpty {
      note("\(folder): left out, since they are in no pair: \(left.joined(separator: ", "))")
    }
    return pairs
  }
}
