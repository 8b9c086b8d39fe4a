/// The dots that flattening took out of a layer's path.
///
/// sd-scripts joins a path by `_`, which its words contain too: only a table of the model's names
/// tells where the dots were, and none is guessed.
package enum DottedPath {
  /// The paths of the networks that all tables of families lack: U-Nets and text encoders.
  private static let patterns = Dictionary(
    grouping: (UNetNames.paths + TextEncoderNames.paths).map { PathPattern($0) }, by: \.shape)

  /// Returns the dotted path of a flattened one; `nil` where no table knows it, or the families that
  /// do have different ones.
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

/// A number of a block or a layer; `nil` for what is none, or is beyond all that networks have.
package func layerNumber(_ text: some StringProtocol) -> Int? {
  Int(text).flatMap { (0..<100_000).contains($0) ? $0 : nil }
}

/// Whether a name holds some bytes.
///
/// `String.contains` goes by characters and prepares a table for every search: for the dozens of
/// questions that thousands of names are asked, that took longer than all else together.
package func contains(_ part: String, in name: String) -> Bool {
  let (part, name) = (part.utf8.span, name.utf8.span)
  guard part.count <= name.count else { return false }
  return (0...name.count - part.count).contains { start in
    part.indices.allSatisfy { name[start + $0] == part[$0] }
  }
}
