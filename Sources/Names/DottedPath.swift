/// Restores the dots that flattening removed from a layer's path.
///
/// sd-scripts joins a path by `_`, which its words contain too. Only a table of the model's names
/// tells where the dots were; they are never guessed.
package enum DottedPath {
  /// The paths of the networks that are in no family's table: U-Nets and text encoders.
  private static let patterns = Dictionary(
    grouping: (UNetNames.paths + TextEncoderNames.paths).map { PathPattern($0) }, by: \.shape)

  /// Returns the dotted path of a flattened one; `nil` if no table has it, or if families disagree.
  package static func path(of key: String) -> String? {
    if !key.isEmpty && !key.utf8.contains(UInt8(ascii: "_")) { return key }
    let name = NumberedName(key)
    for pattern in patterns[name.shape] ?? [] {
      if let blocks = pattern.blocks(of: name) { return pattern.path(blocks: blocks) }
    }
    let paths = Set(Family.all.compactMap { $0.find(name, path: nil)?.path })
    return paths.count == 1 ? paths.first : nil
  }
}

/// Parses the number of a block or a layer; `nil` if it is none or larger than in any network.
package func layerNumber(_ text: some StringProtocol) -> Int? {
  Int(text).flatMap { (0..<100_000).contains($0) ? $0 : nil }
}

/// Whether a name contains some bytes.
///
/// `String.contains` compares characters and builds a table for every search. For dozens of
/// searches in each of thousands of names, that took longer than everything else together.
package func contains(_ part: String, in name: String) -> Bool {
  let (part, name) = (part.utf8.span, name.utf8.span)
  guard part.count <= name.count else { return false }
  return (0...name.count - part.count).contains { start in
    part.indices.allSatisfy { name[start + $0] == part[$0] }
  }
}
