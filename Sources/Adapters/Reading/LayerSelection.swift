package import Names
import Safetensors

/// A list of kinds of layers and of blocks, as an option gives it: `attention,MID,blocks.0-9`.
package struct LayerSelection: Hashable, Sendable {
  /// The list as the user wrote it.
  package let text: String
  private let kinds: Set<LayerKind>

  /// The blocks' names in capitals.
  private let blocks: Set<String>

  /// - Returns: `nil` if one of the words is neither a kind nor a block.
  package init?(_ text: String) {
    var (kinds, blocks): (Set<LayerKind>, Set<String>) = ([], [])
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let word = item.filter { $0 != " " }
      if let kind = LayerKind(rawValue: word.lowercased()) {
        kinds.insert(kind)
      } else if let names = Self.blocks(word.uppercased()) {
        blocks.formUnion(names)
      } else {
        return nil
      }
    }
    (self.text, self.kinds, self.blocks) = (text, kinds, blocks)
  }

  /// Expands a word to blocks: `MID` is one; `IN04-08` and `BLOCKS.0-9` are ranges.
  private static func blocks(_ word: String) -> [String]? {
    let ends = word.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2 else { return Block.isName(word) ? [word] : nil }
    let digits = ends[0].reversed().prefix { $0.isNumber }.count
    let kind = String(ends[0].dropLast(digits))
    let end = ends[1].hasPrefix(kind) ? ends[1].dropFirst(kind.count) : ends[1]
    guard let first = Int(ends[0].suffix(digits)), let last = Int(end), first <= last,
      last - first < 1000
    else { return nil }
    let names = (first...last).map {
      kind.hasSuffix(".") ? "\(kind)\($0)" : Block.padded(kind, $0)
    }
    return names.allSatisfy(Block.isName) ? names : nil
  }

  /// Whether the layer is of one of the kinds or in one of the blocks.
  package func contains(_ target: Target) -> Bool {
    contains(target, LayerKind.kinds(of: target))
  }

  /// Whether the module's layer is of one of the kinds or in one of the blocks.
  func contains(_ module: Module) -> Bool {
    var kinds = LayerKind.kinds(of: module.target)
    if module.extents.hasWideKernel { kinds.insert(.convolution) }
    if module.algorithm.isNorm { kinds.insert(.norm) }
    return contains(module.target, kinds)
  }

  private func contains(_ target: Target, _ kinds: Set<LayerKind>) -> Bool {
    !self.kinds.isDisjoint(with: kinds) || !blocks.isDisjoint(with: Block(of: target).names)
  }
}
