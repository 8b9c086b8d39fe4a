/// A dotted path with `#` for block numbers: `double_blocks.#.img_mlp.0`.
package struct PathPattern: Hashable, Sendable {
  package let path: String

  /// The key that finds flattened names: `_` for dots, and `#` for every number, those that belong
  /// to the pattern included.
  let shape: String

  /// The numbers in path order; `nil` stands for a block's.
  let numbers: [Int?]

  init(_ path: String) {
    self.path = path
    let name = NumberedName(path, takesWildcards: true)
    (shape, numbers) = (name.shape, name.numbers.map { $0 < 0 ? nil : $0 })
  }

  /// The block numbers in a name of the same shape; `nil` if its other numbers differ.
  func blocks(of name: NumberedName) -> [Int]? {
    guard numbers.count == name.numbers.count else { return nil }
    var blocks: [Int] = []
    for (own, number) in zip(numbers, name.numbers) {
      if let own { if own != number { return nil } } else { blocks.append(number) }
    }
    return blocks
  }

  /// The path with block numbers inserted.
  func path(blocks: [Int]) -> String {
    if blocks.isEmpty { return path }
    let pieces = path.utf8.split(separator: UInt8(ascii: "#"), omittingEmptySubsequences: false)
    return zip(pieces, blocks.map(String.init) + [""]).reduce(into: "") {
      $0 += Substring($1.0)
      $0 += $1.1
    }
  }

  /// The number of block numbers.
  var blockCount: Int { numbers.count { $0 == nil } }
}

/// A layer's name, flattened or dotted, with its numbers separated.
package struct NumberedName: Hashable, Sendable {
  let shape: String
  let numbers: [Int]

  /// - Parameter takesWildcards: Whether `#` counts as the number −1.
  init(_ name: String, takesWildcards: Bool = false) {
    var shape: [UInt8] = []
    var numbers: [Int] = []
    shape.reserveCapacity(name.utf8.count)
    for piece in name.utf8.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == 0x2E || $0 == 0x5F })
    {
      if !shape.isEmpty || piece.startIndex != name.startIndex { shape.append(0x5F) }
      if let number = Self.number(piece)
        ?? (takesWildcards && piece.elementsEqual([0x23]) ? -1 : nil)
      {
        numbers.append(number)
        shape.append(0x23)
      } else {
        shape += piece
      }
    }
    self.shape = String(decoding: shape, as: UTF8.self)
    self.numbers = numbers
  }

  /// Parses a number in a layer's name: without leading zeros, at most five digits.
  private static func number(_ digits: Substring.UTF8View) -> Int? {
    guard (1...5).contains(digits.count), digits.count == 1 || digits.first != 0x30 else {
      return nil
    }
    var number = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      number = 10 * number + Int(digit - 0x30)
    }
    return number
  }
}

/// The name with `_` in place of dots.
package func flattened(_ path: String) -> String {
  String(decoding: path.utf8.map { $0 == 0x2E ? 0x5F : $0 }, as: UTF8.self)
}
